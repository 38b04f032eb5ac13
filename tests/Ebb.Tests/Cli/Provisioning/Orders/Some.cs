using System.Security.Cryptography;
using System.Text;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Tests.Cli.Provisioning.Orders;

internal static class Some
{
    /// <summary>Orders for a cluster whose files on the share have hashes of their names.</summary>
    public static ControlPlaneOrders Orders(ClusterFile cluster, RenderInputs inputs, string? release = null, string seed = "", K3sRotation? rotation = null) =>
        ControlPlaneOrders.Compose(
            cluster,
            new ResourceNames(cluster, inputs.SubscriptionId),
            inputs,
            release,
            Renderer.Render(cluster, inputs).SystemFiles.ToDictionary(path => path, path => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(seed + path)))),
            rotation);
}
