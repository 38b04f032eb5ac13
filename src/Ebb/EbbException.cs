namespace Ebb;

/// <summary>A mistake that a person can mend: the message names the thing, the value and the way out. Exit code 2.</summary>
public sealed class EbbException(string message, Exception? inner = null) : Exception(message, inner);
