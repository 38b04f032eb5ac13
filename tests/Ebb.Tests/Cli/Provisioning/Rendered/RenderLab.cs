using System.Collections.Immutable;
using System.Net;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

/// <summary>Clusters and inputs to render.</summary>
internal static class RenderLab
{
    public const string Subscription = "5c7e0d1a-9a0b-4c55-8f0d-3b1f5e6a7c01";

    // Made once with openssl for these tests; nothing is signed by it.
    public const string AuthorityPem = """
        -----BEGIN CERTIFICATE-----
        MIIBizCCATGgAwIBAgIUZ1x2bV3m2m5p8mJ0u1oSx0h0nq8wCgYIKoZIzj0EAwIw
        -----END CERTIFICATE-----

        """;

    public static ClusterFile Minimal { get; } = new()
    {
        Name = "farm",
        Cloud = new CloudDefinition { Region = "westeurope", ComputeGroup = "farm-compute", StorageGroup = "farm-storage" },
        Pools = [new PoolDefinition { Name = "agents", Size = "Standard_D4s_v5" }],
    };

    public static RenderInputs Inputs { get; } = new()
    {
        SubscriptionId = Subscription,
        OwnAddresses = [IPNetwork.Parse("203.0.113.7/32")],
        SshPublicKeys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFarmFarmFarmFarmFarmFarmFarmFarmFarmFarmFarm ebb@farm"],
        JoinAuthorityPem = AuthorityPem,
        AgentHashes = ImmutableSortedDictionary<string, string>.Empty
            .Add("amd64", new string('a', 64))
            .Add("arm64", new string('b', 64)),
        EbbHash = new string('e', 64),
    };
}
