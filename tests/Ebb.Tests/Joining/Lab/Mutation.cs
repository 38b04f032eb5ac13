namespace Ebb.Tests.Joining.Lab;

/// <summary>Spoils bytes in the ways that break readers: single bits, lengths, pieces left out, doubled or put elsewhere.</summary>
internal static class Mutation
{
    // Lengths and tags of DER at which readers take other branches, and what ends strings and lines.
    private static readonly byte[] Telling = [0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x0a, 0x0d, 0x20, 0x22, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xff];

    public static byte[] Of(byte[] whole, Random random)
    {
        var bytes = whole.ToList();
        for (var times = random.Next(1, 5); times > 0 && bytes.Count > 0; times--)
        {
            Spoil(bytes, random);
        }

        return [.. bytes];
    }

    private static void Spoil(List<byte> bytes, Random random)
    {
        var at = random.Next(bytes.Count);
        var length = random.Next(1, Math.Min(64, bytes.Count - at) + 1);
        switch (random.Next(8))
        {
            case 0 or 1:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes[at] = Telling[random.Next(Telling.Length)];
                break;
            case 3:
                bytes.Insert(at, Telling[random.Next(Telling.Length)]);
                break;
            case 4:
                bytes.RemoveRange(at, length);
                break;
            case 5:
                bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                break;
            case 6:
                var piece = bytes.GetRange(at, length);
                bytes.RemoveRange(at, length);
                bytes.InsertRange(random.Next(bytes.Count + 1), piece);
                break;
            default:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
        }
    }
}
