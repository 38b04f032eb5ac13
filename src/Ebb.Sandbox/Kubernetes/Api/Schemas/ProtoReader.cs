using System.Buffers.Binary;
using System.Text.Json;

namespace Ebb.Sandbox.Kubernetes.Api.Schemas;

/// <summary>Takes protocol buffers apart, field by field; what is broken is a <see cref="JsonException"/>, as in any body.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> bytes)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    private ReadOnlySpan<byte> _rest = bytes;

    public bool Next(out int field, out int type)
    {
        if (_rest.IsEmpty)
        {
            field = type = 0;
            return false;
        }

        var tag = Raw();
        field = (int)(tag >> 3);
        type = (int)(tag & 7);
        return true;
    }

    public long Number(int type)
    {
        switch (type)
        {
            case Varint:
                return (long)Raw();
            case Fixed64:
                return BinaryPrimitives.ReadInt64LittleEndian(Take(8));
            case Fixed32:
                return BinaryPrimitives.ReadInt32LittleEndian(Take(4));
            default:
                throw Broken();
        }
    }

    public ReadOnlySpan<byte> Bytes(int type)
    {
        if (type != LengthDelimited)
        {
            throw Broken();
        }

        var length = Raw();
        return length <= (ulong)_rest.Length ? Take((int)length) : throw Broken();
    }

    public void Skip(int type)
    {
        if (type == LengthDelimited)
        {
            Bytes(type);
        }
        else
        {
            Number(type);
        }
    }

    private ulong Raw()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Broken();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw Broken();
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static JsonException Broken() => new("the protocol buffers end early or are broken");
}
