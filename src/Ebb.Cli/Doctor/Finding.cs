namespace Ebb.Cli.Doctor;

/// <summary>Something about a cluster that is not as it should be.</summary>
/// <param name="About">The one thing that it is about: <c>pool agents</c>, <c>node agents00000a</c>.</param>
/// <param name="What">What is wrong, as seen.</param>
/// <param name="Remedy">What a person does about it.</param>
internal sealed record Finding(Severity Severity, string About, string What, string Remedy);

internal enum Severity
{
    /// <summary>Works now, and will not for ever; or costs more than it needs to.</summary>
    Warning,

    /// <summary>Does not work.</summary>
    Broken,
}
