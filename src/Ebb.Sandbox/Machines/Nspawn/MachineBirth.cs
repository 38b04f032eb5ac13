using System.Collections.Immutable;
using System.Text.Encodings.Web;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>What a machine is told when its disk is made: its custom data, and who may sign in.</summary>
/// <param name="UserData">For cloud-init, as the cloud was given it.</param>
/// <param name="User">Who looks after it; empty for whoever the image has.</param>
/// <param name="SshKeys">In OpenSSH's form.</param>
internal sealed record MachineBirth(byte[] UserData, string User, ImmutableArray<string> SshKeys)
{
    /// <param name="set">The machine's scale set; null when it is gone.</param>
    public static MachineBirth Of(ScaleSet? set, Instance machine)
    {
        if (set is null)
        {
            return new MachineBirth([], "", []);
        }

        var os = JsonRead.At(set.ModelOf(machine), "properties", "virtualMachineProfile", "osProfile");
        return new MachineBirth(
            set.CustomDataOf(machine),
            JsonRead.Text(JsonRead.At(os, "adminUsername")) ?? "",
            [.. ScaleSetJson.Items(JsonRead.At(os, "linuxConfiguration", "ssh"), "publicKeys").Select(key => JsonRead.Text(JsonRead.At(key, "keyData"))?.Trim()).OfType<string>()]);
    }

    /// <summary>As the metadata of cloud-init's NoCloud has it, which is YAML, and so JSON.</summary>
    public string MetaData(string instanceId, string host) =>
        $"instance-id: {instanceId}\nlocal-hostname: {host}\npublic-keys: [{string.Join(", ", SshKeys.Select(Quoted))}]\n";

    /// <summary>What cloud-init's configuration says of that user; empty where the image's own is meant.</summary>
    public string DefaultUser => User.Length == 0 ? "" : $"system_info: {{default_user: {{name: {Quoted(User)}}}}}\n";

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";
}
