using System.Buffers;
using System.Text;

namespace Ebb.Sandbox.Kubernetes.Api.OpenApi;

/// <summary>Writes protocol buffers: fields in the order of the calls.</summary>
internal sealed class ProtoWriter
{
    private const int Varint = 0;
    private const int LengthDelimited = 2;

    private readonly ArrayBufferWriter<byte> _buffer = new();

    public void Text(int field, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            Bytes(field, Encoding.UTF8.GetBytes(text));
        }
    }

    public void Bool(int field, bool value)
    {
        if (value)
        {
            Number((ulong)((field << 3) | Varint));
            Number(1);
        }
    }

    /// <summary>A message inside this one; written though it be empty, for its presence may be its meaning.</summary>
    public void Message(int field, Action<ProtoWriter> write)
    {
        var inner = new ProtoWriter();
        write(inner);
        Bytes(field, inner.ToArray());
    }

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    private void Bytes(int field, byte[] bytes)
    {
        Number((ulong)((field << 3) | LengthDelimited));
        Number((ulong)bytes.Length);
        _buffer.Write(bytes);
    }

    private void Number(ulong value)
    {
        while (value > 0x7F)
        {
            _buffer.Write([(byte)(value | 0x80)]);
            value >>= 7;
        }

        _buffer.Write([(byte)value]);
    }
}
