namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>The host did not do what machines need; says which command failed, and what it said.</summary>
public sealed class NspawnException : Exception
{
    public NspawnException(string message)
        : base(message)
    {
    }

    public NspawnException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
