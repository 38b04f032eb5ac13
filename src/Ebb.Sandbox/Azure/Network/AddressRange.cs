using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>A range of addresses of one family: <c>10.1.0.0/16</c>.</summary>
internal readonly record struct AddressRange(IPNetwork Network)
{
    // What the cloud keeps of every subnet for itself: network, gateway, two for its name service; and the last.
    private const int ReservedFirst = 4;

    public bool IsV4 => Network.BaseAddress.AddressFamily == AddressFamily.InterNetwork;

    private int Bits => IsV4 ? 32 : 128;

    private UInt128 First => Number(Network.BaseAddress);

    private UInt128 Last => First + (Bits - Network.PrefixLength == 128 ? UInt128.MaxValue : (UInt128.One << (Bits - Network.PrefixLength)) - 1);

    /// <summary>What is wrong with a prefix as it was written; null with the range when nothing is.</summary>
    public static (AddressRange Range, string? Problem) Parse(string text)
    {
        var slash = text.IndexOf('/');
        if (slash < 0
            || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            || !int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out var length)
            || length > (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
            || (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text[..slash]))
        {
            return (default, $"The address prefix {text} is not formatted correctly. It should be in CIDR notation, for example 10.0.0.0/24.");
        }

        // The parser of the library takes bits behind the prefix and drops them; the cloud does not.
        if (IPNetwork.TryParse(text, out var network) && network.BaseAddress.Equals(address))
        {
            return (new AddressRange(network), null);
        }

        var bits = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        var floor = length == 0 ? 0 : Number(address) >> (bits - length) << (bits - length);
        return (default, $"The given prefix length {length} of the address prefix {text} requires it to be {Text(floor, bits == 32)}/{length}.");
    }

    /// <summary>A range that is known to be well written.</summary>
    public static AddressRange Of(string text) => new(IPNetwork.Parse(text));

    public bool Contains(AddressRange other) =>
        IsV4 == other.IsV4 && Network.PrefixLength <= other.Network.PrefixLength && Network.Contains(other.Network.BaseAddress);

    public bool Overlaps(AddressRange other) => Contains(other) || other.Contains(this);

    public bool Contains(string address) => IPAddress.TryParse(address, out var parsed) && Network.Contains(parsed);

    /// <summary>Whether the cloud keeps an address of this range for itself.</summary>
    public bool IsReserved(string address)
    {
        var number = Number(IPAddress.Parse(address));
        return number < First + ReservedFirst || number == Last;
    }

    /// <summary>The addresses that can be given out and are not in <paramref name="used"/>, lowest first.</summary>
    public IEnumerable<string> Free(IReadOnlySet<string> used)
    {
        for (var number = First + ReservedFirst; number < Last; number++)
        {
            var text = Text(number, IsV4);
            if (!used.Contains(text))
            {
                yield return text;
            }
        }
    }

    public override string ToString() => Network.ToString();

    private static UInt128 Number(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        var v4 = address.AddressFamily == AddressFamily.InterNetwork;
        address.TryWriteBytes(v4 ? bytes[12..] : bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static string Text(UInt128 number, bool v4)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(v4 ? bytes[12..] : bytes).ToString();
    }
}
