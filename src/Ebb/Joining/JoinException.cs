namespace Ebb.Joining;

/// <summary>A join server said no, or none answered in time.</summary>
public sealed class JoinException(string message, bool refused, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Every server said no: asking again changes nothing until something else does.</summary>
    public bool Refused { get; } = refused;
}
