using System.Text;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;
using Resources = Ebb.Kubernetes.Resources;

namespace Ebb.Tests.Joining.Lab;

// What the lab's cluster has: nodes, as kubelets write them, tokens and Events.
internal sealed partial class JoinLab
{
    /// <summary>A kubelet registers the machine.</summary>
    public async Task<V1Node> AddNodeAsync(Machine machine, bool ready)
    {
        var name = machine.HostName.ToLowerInvariant();
        await Client.CreateAsync(
            Resources.Nodes, new() { Metadata = new() { Name = name }, Spec = new() { ProviderID = machine.ProviderId } }, WriteOptions.Default, Ct);
        return await SetReadyAsync(name, ready);
    }

    public Task<V1Node> SetReadyAsync(string node, bool ready)
    {
        var status = $$$"""
            {"status":{"conditions":[{"type":"Ready","status":"{{{(ready ? "True" : "Unknown")}}}","lastTransitionTime":"{{{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}}}"}]}}
            """;
        return Client.PatchAsync(
            Resources.Nodes, null, node, PatchKind.Merge, Encoding.UTF8.GetBytes(status), WriteOptions.Default with { Subresource = "status" }, Ct);
    }

    /// <summary>Its kubelet says which boot of its machine this is.</summary>
    public Task<V1Node> SetBootAsync(Machine machine, string boot) => Client.PatchAsync(
        Resources.Nodes, null, machine.HostName.ToLowerInvariant(), PatchKind.Merge, Encoding.UTF8.GetBytes($$$"""{"status":{"nodeInfo":{"bootID":"{{{boot}}}" } } }"""),
        WriteOptions.Default with { Subresource = "status" }, Ct);

    public Task<V1Node?> NodeAsync(Machine machine) => Client.FindAsync(Resources.Nodes, null, machine.HostName.ToLowerInvariant(), Ct);

    public Task<V1Secret?> TokenAsync(JoinAnswer answer) =>
        Client.FindAsync(Resources.Secrets, "kube-system", $"bootstrap-token-{answer.Token[..6]}", Ct);

    public async Task<IReadOnlyList<string>> TokensAsync() =>
        [.. (await new BootstrapTokens(Client, TimeProvider.System).ListAsync(Ct)).Select(token => token.Description)];

    public async Task<IReadOnlyList<string>> EventsAsync() =>
        [.. (await Client.ListAsync(Resources.Events, Selection.All, fromCache: false, Ct)).Items.Select(e => e.Reason ?? "")];
}
