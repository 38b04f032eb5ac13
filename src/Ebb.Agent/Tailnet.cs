namespace Ebb.Agent;

/// <summary>Joins the machine to a Tailscale network.</summary>
internal sealed class Tailnet(Machine machine)
{
    private const string KeyFile = "/run/ebb/tailscale.key";

    /// <exception cref="CommandException">Tailscale is not installed, or did not take the key.</exception>
    public async Task JoinAsync(string node, string key, CancellationToken ct)
    {
        // Everybody on the machine sees command lines.
        machine.Write(KeyFile, key, Machine.Secret);
        try
        {
            await machine.RunAsync("tailscale", ct, "up", $"--auth-key=file:{machine.PathOf(KeyFile)}", $"--hostname={node}");
        }
        finally
        {
            machine.Delete(KeyFile);
        }
    }
}
