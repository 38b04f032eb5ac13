using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Controller.Joining;

/// <summary>One decision of the join server. No proof, token or key is ever part of it.</summary>
internal sealed record AuditEntry
{
    public required DateTimeOffset At { get; init; }

    /// <summary>Where the request came from.</summary>
    public required string From { get; init; }

    /// <summary><c>nonce</c>, <c>join</c>, <c>leave</c>, <c>notice</c>, or the path that was asked for.</summary>
    public required string Asked { get; init; }

    /// <summary>The HTTP status that was answered.</summary>
    public required int Answer { get; init; }

    /// <summary><c>granted</c>, or in one word why not.</summary>
    public required string Outcome { get; init; }

    /// <summary>For people; null when the outcome says it all.</summary>
    public string? Why { get; init; }

    public string? Proof { get; init; }

    /// <summary>As proven, or as claimed where the outcome is that it was not proven.</summary>
    public string? Machine { get; init; }

    public string? Pool { get; init; }

    public string? Node { get; init; }

    public string? Agent { get; init; }
}

/// <summary>Where decisions are written down, each as one line of JSON.</summary>
/// <remarks>A file is moved aside at its limit and the one moved aside before is deleted, so that it never fills a disk.</remarks>
internal sealed class AuditLog : IDisposable
{
    private const long MostBytes = 16 << 20;

    private readonly Lock _lock = new();
    private readonly string? _path;
    private readonly long _mostBytes;
    private Stream _to;

    /// <summary>To a stream that stays the caller's to name and ours to close.</summary>
    public AuditLog(Stream to) => (_to, _mostBytes) = (to, long.MaxValue);

    /// <summary>To a file that only its owner reads.</summary>
    /// <exception cref="EbbException">It cannot be written.</exception>
    public AuditLog(string path, long mostBytes = MostBytes)
    {
        _path = path;
        _mostBytes = mostBytes;
        try
        {
            _to = Open(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"The audit log '{path}' cannot be written: {e.Message.TrimEnd('.')}. Give another path with --join-audit.", e);
        }
    }

    public void Write(AuditEntry entry)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(entry, AuditJson.Default.AuditEntry);
        lock (_lock)
        {
            if (_path is not null && _to.Length + line.Length > _mostBytes)
            {
                _to.Dispose();
                File.Move(_path, _path + ".1", overwrite: true);
                _to = Open(_path);
            }

            _to.Write(line);
            _to.WriteByte((byte)'\n');
            _to.Flush();
        }
    }

    public void Dispose() => _to.Dispose();

    private static FileStream Open(string path) => new(path, new FileStreamOptions
    {
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.Read,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditEntry))]
internal sealed partial class AuditJson : JsonSerializerContext;
