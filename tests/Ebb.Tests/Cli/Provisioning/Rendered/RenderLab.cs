using System.Collections.Immutable;
using System.Net;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

/// <summary>Clusters and inputs to render.</summary>
internal static class RenderLab
{
    public const string Subscription = "5c7e0d1a-9a0b-4c55-8f0d-3b1f5e6a7c01";

    // Made once with openssl for these tests; its key was thrown away.
    public const string AuthorityPem = """
        -----BEGIN CERTIFICATE-----
        MIIBfzCCASWgAwIBAgIUGTe9t+OXb0kT2vQIq2csFZqhiBAwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJZmFybS1qb2luMCAXDTI2MTEyMjEzNDc0MVoYDzIxMjYxMDI5
        MTM0NzQxWjAUMRIwEAYDVQQDDAlmYXJtLWpvaW4wWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAASY+tIpsw+OUexRpNEMX5pO/Ikt5OpzdhTuvE0G9OzWCevy8+JKrUr/
        WyO1p9tL5nlczN4u5hdtITrBCdCTFFVVo1MwUTAdBgNVHQ4EFgQUgiQNW0qq4v3b
        cw8Z79aMfFbVxk4wHwYDVR0jBBgwFoAUgiQNW0qq4v3bcw8Z79aMfFbVxk4wDwYD
        VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA3rGnp0FN+chAxVuYvNu4
        1sx+Uan/1aaL2khFJ8kP2KACICwrZ+16Vs3c7+L7fW0kL2gfyift8wRBobqFFyyA
        2J8Y
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
