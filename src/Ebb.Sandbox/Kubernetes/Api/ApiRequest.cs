namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>One request to the API, however it came.</summary>
/// <param name="Path">Without the query: "/api/v1/nodes/n1".</param>
public sealed record ApiRequest(string Method, string Path)
{
    /// <summary>Without the question mark.</summary>
    public string Query { get; init; } = "";

    public ReadOnlyMemory<byte> Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    public string Accept { get; init; } = "application/json";

    public User User { get; init; } = User.Admin;

    /// <summary>Its first word names the field manager when the query does not.</summary>
    public string UserAgent { get; init; } = "";
}

/// <summary>Who asks.</summary>
public sealed record User(string Name, params IReadOnlyList<string> Groups)
{
    public static readonly User Admin = new("kubernetes-admin", "system:masters", "system:authenticated");

    public static readonly User Anonymous = new("system:anonymous", "system:unauthenticated");

    public string Uid { get; init; } = "";
}

/// <summary>What the API answers.</summary>
public sealed record ApiResponse(int Code, IReadOnlyList<ReadOnlyMemory<byte>> Parts)
{
    public ApiResponse(int code, ReadOnlyMemory<byte> body)
        : this(code, [body])
    {
    }

    public string ContentType { get; init; } = "application/json";

    public IReadOnlyList<string> Warnings { get; init; } = [];

    public int? RetryAfterSeconds { get; init; }

    /// <summary>All parts one after the other.</summary>
    public ReadOnlyMemory<byte> Body
    {
        get
        {
            if (Parts.Count == 1)
            {
                return Parts[0];
            }

            var body = new byte[Parts.Sum(part => part.Length)];
            var at = 0;
            foreach (var part in Parts)
            {
                part.CopyTo(body.AsMemory(at));
                at += part.Length;
            }

            return body;
        }
    }
}

/// <summary>One event of a watch.</summary>
/// <param name="Type">ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</param>
/// <param name="Object">UTF-8 JSON.</param>
public readonly record struct WatchEvent(string Type, ReadOnlyMemory<byte> Object, long ResourceVersion);
