using System.Buffers.Binary;
using System.Net;

namespace Ebb.Cli.Definition;

/// <summary>Reckons with IPv4 addresses and ranges.</summary>
internal static class Addresses
{
    public static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    public static IPNetwork Network(uint address, int prefix)
    {
        var first = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(first, prefix == 0 ? 0 : address >> (32 - prefix) << (32 - prefix));
        return new IPNetwork(new IPAddress(first), prefix);
    }

    public static bool Overlap(IPNetwork a, IPNetwork b) => a.Contains(b.BaseAddress) || b.Contains(a.BaseAddress);

    public static bool Within(IPNetwork inner, IPNetwork outer) => inner.PrefixLength >= outer.PrefixLength && outer.Contains(inner.BaseAddress);

    public static long Count(IPNetwork range) => 1L << (32 - range.PrefixLength);
}
