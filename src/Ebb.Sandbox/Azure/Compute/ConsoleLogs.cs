using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Compute;

/// <summary>
/// What machines print on their console, at addresses that are secret. A machine whose driver keeps no console has the story of its
/// power instead.
/// </summary>
internal sealed class ConsoleLogs(CloudWorld world)
{
    private const int MostLines = 200;
    private const int MostMachines = 5000;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Dictionary<string, Queue<string>> _stories = [];

    /// <summary>What a machine printed; null when whoever runs it does not know. Asked under the gate.</summary>
    public Func<Instance, string?>? Read { get; set; }

    public void See(InstanceChange change)
    {
        var id = change.Instance.VmId;
        if (change.Event == InstanceEvent.Gone)
        {
            _stories.Remove(id);
            return;
        }

        if (!_stories.TryGetValue(id, out var lines))
        {
            if (_stories.Count >= MostMachines)
            {
                return;
            }

            _stories[id] = lines = new Queue<string>();
        }

        if (lines.Count == MostLines)
        {
            lines.Dequeue();
        }

        lines.Enqueue(string.Create(CultureInfo.InvariantCulture, $"[{world.Agenda.Now.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}] {change.Instance.ComputerName}: {change.Event}"));
    }

    /// <summary>Where a machine's console is read, for whoever is told.</summary>
    public JsonObject Addresses(Instance machine, string baseUrl) =>
        new() { ["serialConsoleLogBlobUri"] = $"{baseUrl}/bootdiagnostics/{machine.VmId}/serialconsole.log?sig={Signature(machine.VmId)}" };

    /// <summary>Null when the request is for no console. Needs no token: the address is one.</summary>
    public ArmReply? Answer(ArmRequest r)
    {
        if (r is not { Method: "GET", Lower: ["bootdiagnostics", var id, "serialconsole.log"] })
        {
            return null;
        }

        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Signature(id)), Encoding.UTF8.GetBytes(r.Query["sig"].ToString())))
        {
            return ArmReply.Error(403, "AuthenticationFailed", "Server failed to authenticate the request. Make sure the value of the signature is right.");
        }

        lock (world.Agenda.Gate)
        {
            return world.Instances.FirstOrDefault(i => i.VmId == id) is { } machine
                ? new ArmReply(200) { Text = Read?.Invoke(machine) ?? string.Join('\n', _stories.GetValueOrDefault(id) ?? []) + "\n" }
                : ArmReply.Error(404, "BlobNotFound", "The specified blob does not exist.");
        }
    }

    private string Signature(string vmId) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(vmId)));
}
