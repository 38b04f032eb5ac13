namespace Ebb.Clouds.Azure;

/// <summary>
/// Machines of a scale set are of ten of its models at most, each of which is another state that it was in when they were made or last
/// upgraded: no more are added then (MicrosoftDocs/azure-docs issue 103472).
/// </summary>
public static class ModelLimit
{
    public const string Remedy = "'ebb upgrade', or 'ebb reimage POOL', does so with one machine after the other.";

    /// <summary>By Azure's words, without the number: the code that comes with them means quotas, too.</summary>
    public static bool IsMeant(string message) => message.Contains("models that may be referenced by", StringComparison.OrdinalIgnoreCase);
}
