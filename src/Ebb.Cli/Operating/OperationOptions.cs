using System.CommandLine;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;
using Ebb.Clouds;

namespace Ebb.Cli.Operating;

/// <summary>What the commands that work on machines have in common.</summary>
/// <param name="withPool">False for a command that has a pool of its own.</param>
internal sealed class OperationOptions(bool withPool = true)
{
    private static readonly OperationRequest Usual = new() { Operation = MachineOperation.Start };

    private readonly Argument<string?> _pool = new("pool") { Description = "Only this pool's machines; of a pool of two scale sets both, or the one that is named.", HelpName = "POOL", Arity = ArgumentArity.ZeroOrOne };

    private readonly Option<string[]> _machines = new("--machine", "-m") { Description = "Only this machine, by its name or its node's; may be given again.", HelpName = "NAME" };

    private readonly Option<bool> _serial = new("--serial") { Description = "One after the other." };

    private readonly Option<bool> _parallel = new("--parallel") { Description = "All of a pool at once." };

    private readonly Option<bool> _force = new("--force") { Description = "Do not empty the nodes first: what runs on them is lost." };

    private readonly Option<TimeSpan?> _drain = new("--drain-within")
    {
        Description = "How long work may take to leave a node before its machine is left alone. Default: 10m.",
        HelpName = "TIME",
        CustomParser = argument => Spans.Parse(argument),
    };

    private readonly Option<TimeSpan?> _done = new("--ready-within")
    {
        Description = "How long a machine may take to be back before that counts as failed. Default: 15m.",
        HelpName = "TIME",
        CustomParser = argument => Spans.Parse(argument),
    };

    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show what would be done, and do nothing." };

    private readonly Option<bool> _json = JsonOutput.Option();

    /// <param name="order">Whether one may choose between one after the other and all at once.</param>
    public void AddTo(Command command, bool order)
    {
        if (withPool)
        {
            command.Arguments.Add(_pool);
        }

        command.Options.Add(_machines);
        if (order)
        {
            command.Options.Add(_serial);
            command.Options.Add(_parallel);
        }

        command.Options.Add(_force);
        command.Options.Add(_drain);
        command.Options.Add(_done);
        command.Options.Add(_dryRun);
        command.Options.Add(_json);
    }

    public bool DryRun(ParseResult parsed) => parsed.GetValue(_dryRun);

    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    /// <param name="usualAtOnce">Without a word about the order.</param>
    public OperationRequest Read(ParseResult parsed, MachineOperation operation, int usualAtOnce)
    {
        if (parsed.GetValue(_serial) && parsed.GetValue(_parallel))
        {
            throw new EbbException("--serial is one after the other and --parallel all at once. Give one of them.");
        }

        return new OperationRequest
        {
            Operation = operation,
            Pool = withPool ? parsed.GetValue(_pool) : null,
            Machines = [.. parsed.GetValue(_machines) ?? []],
            AtOnce = parsed.GetValue(_serial) ? 1 : parsed.GetValue(_parallel) ? int.MaxValue : usualAtOnce,
            Force = parsed.GetValue(_force),
            DrainWithin = Positive("--drain-within", parsed.GetValue(_drain) ?? Usual.DrainWithin),
            DoneWithin = Positive("--ready-within", parsed.GetValue(_done) ?? Usual.DoneWithin),
        };
    }

    private static TimeSpan Positive(string option, TimeSpan span) =>
        span >= TimeSpan.Zero ? span : throw new EbbException($"{option} cannot be less than nothing. Write for example 10m.");
}
