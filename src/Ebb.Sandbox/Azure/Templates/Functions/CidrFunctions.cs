using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Ranges of addresses.</summary>
internal static class CidrFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("parseCidr", 1, 1, a => Parse(a)),
        new("cidrSubnet", 3, 3, a => Subnet(a)),
        new("cidrHost", 2, 2, a => Host(a)),
    ];

    private static System.Text.Json.Nodes.JsonObject Parse(Arguments a)
    {
        var (first, prefix, bits) = Read(a);
        var last = first + Size(prefix, bits) - 1;
        var narrow = bits - prefix <= 1;
        var mask = (BigInteger.One << bits) - Size(prefix, bits);
        var result = Values.Object(
            ("network", Text(first, bits)),
            ("netmask", Text(mask, bits)),
            ("firstUsable", Text(narrow ? first : first + 1, bits)),
            ("lastUsable", Text(narrow ? last : last - 1, bits)),
            ("cidr", prefix));
        if (bits == 32)
        {
            result["broadcast"] = Text(last, bits);
        }

        return result;
    }

    private static string Subnet(Arguments a)
    {
        var (first, prefix, bits) = Read(a);
        var narrower = a.Whole(1, prefix, bits);
        var index = a.Whole(2);
        return index >= 0 && index < BigInteger.One << (narrower - prefix)
            ? $"{Text(first + (index * Size(narrower, bits)), bits)}/{narrower}"
            : throw a.Wrong($"there is no subnet '{index}' of {narrower} bits in '{a.Text(0)}'");
    }

    private static string Host(Arguments a)
    {
        var (first, prefix, bits) = Read(a);
        var index = a.Whole(1);

        // The network's own address is no host's, and neither is the last one of a network of version 4.
        var hosts = bits - prefix <= 1 ? Size(prefix, bits) : Size(prefix, bits) - (bits == 32 ? 2 : 1);
        var from = bits - prefix <= 1 ? first : first + 1;
        return index >= 0 && index < hosts
            ? Text(from + index, bits)
            : throw a.Wrong($"there is no host '{index}' in '{a.Text(0)}'");
    }

    private static (BigInteger First, int Prefix, int Bits) Read(Arguments a)
    {
        var parts = a.Text(0).Split('/');
        if (parts.Length != 2 || !IPAddress.TryParse(parts[0], out var address) || !int.TryParse(parts[1], out var prefix))
        {
            throw a.Wrong($"'{a.Text(0)}' is no range of addresses in CIDR notation");
        }

        var bits = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (prefix < 0 || prefix > bits)
        {
            throw a.Wrong($"'{a.Text(0)}' is no range of addresses in CIDR notation");
        }

        var number = new BigInteger(address.GetAddressBytes(), isUnsigned: true, isBigEndian: true);
        return (number - (number % Size(prefix, bits)), prefix, bits);
    }

    private static BigInteger Size(int prefix, int bits) => BigInteger.One << (bits - prefix);

    private static string Text(BigInteger number, int bits)
    {
        var bytes = new byte[bits / 8];
        var written = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        written.CopyTo(bytes, bytes.Length - written.Length);
        return new IPAddress(bytes).ToString();
    }
}
