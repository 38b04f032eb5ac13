using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Joining;

namespace Ebb.Agent;

/// <summary>What the agent last did, for <c>ebb-agent status</c> and for itself when it is started again. Gone with the next boot.</summary>
internal sealed record AgentStatus
{
    /// <summary><c>joining</c>, <c>joined</c>, <c>resumed</c> or <c>left</c>.</summary>
    public string State { get; init; } = "joining";

    public string? Node { get; init; }

    public DateTimeOffset? Since { get; init; }

    /// <summary>What Azure announces now.</summary>
    public IReadOnlyList<Notice> Notices { get; init => field = value ?? []; } = [];

    /// <summary>Why the machine left; null while it has not.</summary>
    public string? LeftFor { get; init; }
}

/// <summary>Keeps <see cref="AgentStatus"/> where the next start of the agent finds it, and no later boot does.</summary>
internal sealed class StatusBoard(Machine machine, TimeProvider time)
{
    public const string Path = "/run/ebb/agent-status.json";

    private AgentStatus _now = Read(machine) ?? new AgentStatus();

    public bool JoinedThisBoot => _now.State is "joined";

    /// <summary>Null when the agent has not run since the machine booted.</summary>
    public static AgentStatus? Read(Machine machine)
    {
        try
        {
            return machine.Read(Path) is { } text ? JsonSerializer.Deserialize(text, StatusJson.Default.AgentStatus) : null;
        }
        catch (JsonException)
        {
            // Ours alone, and written whole: whatever it is, it tells nothing. The machine joins once more, which is harmless.
            return null;
        }
    }

    public void Joined(string node) => Write(new AgentStatus { State = "joined", Node = node, Since = time.GetUtcNow() });

    public void Resumed() => Write(new AgentStatus { State = "resumed", Since = time.GetUtcNow() });

    public void Noticed(IReadOnlyList<Notice> notices) => Write(_now with { Notices = notices });

    public void Left(string reason) => Write(_now with { State = "left", LeftFor = reason, Since = time.GetUtcNow() });

    private void Write(AgentStatus status)
    {
        _now = status;
        machine.Write(Path, JsonSerializer.Serialize(status, StatusJson.Default.AgentStatus) + "\n", Machine.Readable);
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(AgentStatus))]
internal sealed partial class StatusJson : JsonSerializerContext;
