namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>How a machine's power went.</summary>
/// <param name="Reboots">Its guest boots anew: the power is to come on again.</param>
/// <param name="Broken">Why, where the machine did not come up or broke down; null where all was as it should be.</param>
internal sealed record PowerEnd(bool Reboots, string? Broken)
{
    // With --keep-unit systemd-nspawn does not boot the guest again itself: it ends with this, and leaves that to whoever began it.
    private const int GuestReboots = 133;

    public static PowerEnd Ordered { get; } = new(Reboots: false, Broken: null);

    /// <param name="lastWords">Asked only where something went wrong.</param>
    public static async Task<PowerEnd> OfAsync(int exitCode, Func<Task<string>> lastWords) => exitCode switch
    {
        0 => Ordered,
        GuestReboots => new PowerEnd(Reboots: true, Broken: null),
        _ => new PowerEnd(Reboots: false, $"it ended with exit code {exitCode}: {await lastWords()}"),
    };
}
