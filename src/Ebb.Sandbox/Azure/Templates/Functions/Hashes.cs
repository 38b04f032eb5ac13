using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>The hashes that make names: the same input gives the same name here and in Azure.</summary>
internal static class Hashes
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    private static readonly Guid Space = new("11fb06fb-712d-4ddd-98c7-e71bbd588830");

    /// <summary>What <c>guid()</c> returns: a version-5 UUID in the template language's own namespace.</summary>
    public static Guid Guid(string joined)
    {
        var name = Encoding.UTF8.GetBytes(joined);
        var input = new byte[16 + name.Length];
        Space.TryWriteBytes(input, bigEndian: true, out _);
        name.CopyTo(input, 16);
#pragma warning disable CA5350 // The version-5 UUID is defined by SHA-1; nothing rests on its strength.
        var hash = SHA1.HashData(input).AsSpan(0, 16);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0f) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash, bigEndian: true);
    }

    /// <summary>What <c>uniqueString()</c> returns: 13 letters and digits.</summary>
    public static string UniqueString(string joined)
    {
        var value = Murmur(Encoding.UTF8.GetBytes(joined));
        return string.Create(13, value, static (to, rest) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = Alphabet[(int)(rest >> 59)];
                rest <<= 5;
            }
        });
    }

    /// <summary>A 64-bit hash after MurmurHash3's design, in two lanes of 32 bits.</summary>
    public static ulong Murmur(ReadOnlySpan<byte> data)
    {
        const uint C1 = 0x239B961B;
        const uint C2 = 0xAB0E9789;
        uint h1 = 0, h2 = 0;
        var rest = data;
        for (; rest.Length >= 8; rest = rest[8..])
        {
            h1 ^= BitOperations.RotateLeft(BinaryPrimitives.ReadUInt32LittleEndian(rest) * C1, 15) * C2;
            h1 = BitOperations.RotateLeft(h1, 19) + h2;
            h1 = (h1 * 5) + 0x561CCD1B;
            h2 ^= BitOperations.RotateLeft(BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]) * C2, 17) * C1;
            h2 = BitOperations.RotateLeft(h2, 13) + h1;
            h2 = (h2 * 5) + 0x0BCAA747;
        }

        Span<byte> tail = stackalloc byte[8];
        tail.Clear();
        rest.CopyTo(tail);
        if (rest.Length > 4)
        {
            h2 ^= BitOperations.RotateLeft(BinaryPrimitives.ReadUInt32LittleEndian(tail[4..]) * C2, 17) * C1;
        }

        if (rest.Length > 0)
        {
            h1 ^= BitOperations.RotateLeft(BinaryPrimitives.ReadUInt32LittleEndian(tail) * C1, 15) * C2;
        }

        h1 ^= (uint)data.Length;
        h2 ^= (uint)data.Length;
        h1 += h2;
        h2 += h1;
        h1 = Mix(h1);
        h2 = Mix(h2);
        h1 += h2;
        h2 += h1;
        return ((ulong)h2 << 32) | h1;
    }

    private static uint Mix(uint x)
    {
        x ^= x >> 16;
        x *= 0x85EBCA6B;
        x ^= x >> 13;
        x *= 0xC2B2AE35;
        return x ^ (x >> 16);
    }
}
