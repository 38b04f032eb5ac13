namespace Ebb.Sandbox.Kubernetes.Kubelet.Shell;

/// <summary>A piece of a script.</summary>
internal abstract record Command
{
    private Command()
    {
    }

    /// <summary>Assignments, then a program and its arguments; all as written.</summary>
    public sealed record Simple(IReadOnlyList<string> Words, bool Silent) : Command;

    /// <summary>One after the other; <c>;</c> between them.</summary>
    public sealed record Sequence(IReadOnlyList<Command> Parts) : Command;

    public sealed record AndThen(Command First, Command Then, bool WhenItWorked) : Command;

    public sealed record Not(Command Inner) : Command;

    public sealed record Background(Command Inner) : Command;

    public sealed record If(Command Condition, Command Then, Command? Else) : Command;

    public sealed record For(string Variable, IReadOnlyList<string> Words, Command Body) : Command;

    public sealed record While(Command Condition, Command Body, bool Until) : Command;
}
