namespace Ebb.Sandbox.Azure;

/// <summary>Who asks.</summary>
/// <param name="ClientId">The application, or the client of a managed identity.</param>
/// <param name="ObjectId">The principal that roles are assigned to.</param>
internal sealed record ArmCaller(string ClientId, string ObjectId)
{
    /// <summary>A face that asks nobody for a token trusts everybody.</summary>
    public static ArmCaller Trusted { get; } = new("", "");

    /// <summary>Nobody yet: before a token has shown who it is.</summary>
    public static ArmCaller Unknown { get; } = new("", "unknown");
}
