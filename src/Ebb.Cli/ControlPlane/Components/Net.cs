using System.Net;

namespace Ebb.Cli.ControlPlane.Components;

/// <summary>Addresses as flags and URLs want them.</summary>
internal static class Net
{
    /// <summary>With the brackets that an IPv6 address needs.</summary>
    public static string HostAndPort(string address, int port) =>
        address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";

    public static string Https(string address, int port) => $"https://{HostAndPort(address, port)}";

    public static bool IsLoopback(string address) => IPAddress.TryParse(address, out var parsed) && IPAddress.IsLoopback(parsed);
}
