using System.Collections.Immutable;
using System.Text.Json;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>What every control-plane machine is to be, as it lies on the private share: read here by a reader of its own.</summary>
internal sealed record ControlPlaneWanted(
    string Generation, ControlPlaneBirth Configuration, ImmutableArray<ControlPlaneText> Texts, ImmutableArray<string> Absent)
{
    /// <summary>Null while it is being written: Azure Files does so in no single stroke.</summary>
    public static ControlPlaneWanted? Read(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var keys = root.GetProperty("sshKeys").EnumerateArray().Select(key => key.GetString());
            return new ControlPlaneWanted(
                root.GetProperty("generation").GetString()!,
                ControlPlaneBirth.Read(root.GetProperty("configuration")),
                [
                    .. root.GetProperty("texts").EnumerateArray().Select(text => new ControlPlaneText(
                        text.GetProperty("to").GetString()!, text.GetProperty("content").GetString()!, ControlPlaneBirth.RestartsOf(text))),
                    new($"/home/{root.GetProperty("sshUser").GetString()}/.ssh/authorized_keys", string.Concat(keys.Select(key => key + "\n")), []),
                ],
                root.TryGetProperty("absent", out var absent) ? [.. absent.EnumerateArray().Select(path => path.GetString()!)] : []);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

internal sealed record ControlPlaneText(string To, string Content, ImmutableArray<string> Restarts);
