using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Joining;

/// <summary>
/// What a machine of a pool is told at its birth, in <see cref="Path"/>: where to ask to join, and whom to believe. No secret is in
/// it. What else stands there is for the script that fetches the agent.
/// </summary>
public sealed record AgentConfiguration
{
    public const string Path = "/etc/ebb/agent.json";

    // A few addresses and names.
    private const int MostBytes = 64 << 10;

    private const string PinPrefix = "sha256:";

    /// <summary>The join servers, <c>https://10.1.0.10:1337</c> each; one that answers is enough.</summary>
    public required IReadOnlyList<string> Servers { get; init; }

    /// <summary><c>sha256:</c> and the hash of the join authority's certificate (of its DER) in hexadecimal.</summary>
    public required string Authority { get; init; }

    /// <summary>The pool that the machine was made for; for people, the join server finds out by itself.</summary>
    public string? Pool { get; init; }

    /// <summary><c>k3s</c> or <c>kubelet</c>; what the join server says goes before it.</summary>
    public string? Distribution { get; init; }

    /// <summary>The hash of the authority, in lower case.</summary>
    [JsonIgnore]
    public string Pin => Authority[PinPrefix.Length..].ToLowerInvariant();

    /// <exception cref="EbbException">The file is not there or not as it should be; all problems are named.</exception>
    public static AgentConfiguration Load(string path)
    {
        byte[] bytes;
        try
        {
            var file = new FileInfo(path);
            if (file.Length > MostBytes)
            {
                throw new EbbException($"{path} has {file.Length} bytes; a configuration of the agent has {MostBytes} at most.");
            }

            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"{path} cannot be read: {e.Message} It is written by cloud-init on machines that Ebb provisions.", e);
        }

        return Parse(bytes, path);
    }

    /// <param name="source">For messages.</param>
    /// <exception cref="EbbException">It is not as it should be; all problems are named.</exception>
    public static AgentConfiguration Parse(ReadOnlySpan<byte> json, string source)
    {
        AgentConfiguration? read;
        try
        {
            read = JsonSerializer.Deserialize(json, AgentJson.Default.AgentConfiguration);
        }
        catch (JsonException e)
        {
            throw new EbbException($"{source}: {e.Message}", e);
        }

        var problems = read is null ? ["it is empty."] : read.Problems().ToList();
        return problems.Count == 0 ? read! : throw new EbbException($"{source}: {string.Join(' ', problems)}");
    }

    private IEnumerable<string> Problems()
    {
        if (Servers.Count == 0)
        {
            yield return "'servers' is empty; it needs the address of one join server at least, for example https://10.1.0.10:1337.";
        }

        foreach (var server in Servers)
        {
            if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps || uri.PathAndQuery != "/")
            {
                yield return $"'{server}' in 'servers' is not the address of a join server; it must be like https://10.1.0.10:1337.";
            }
        }

        if (Authority.Length != PinPrefix.Length + 64 || !Authority.StartsWith(PinPrefix, StringComparison.Ordinal)
            || !Authority[PinPrefix.Length..].All(char.IsAsciiHexDigit))
        {
            yield return "'authority' must be sha256: and 64 hexadecimal digits, the hash of the join authority's certificate.";
        }

        if (Distribution is not (null or "k3s" or "kubelet"))
        {
            yield return $"'distribution' is '{Distribution}'; it must be k3s or kubelet.";
        }
    }
}

/// <summary>Reads and writes <see cref="AgentConfiguration"/>.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, WriteIndented = true)]
[JsonSerializable(typeof(AgentConfiguration))]
public sealed partial class AgentJson : JsonSerializerContext;
