using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Ebb.SystemTests.Secrets;

/// <summary>One secret of a cluster, in every form in which it may have been written down.</summary>
/// <param name="Name">For the report, which never has the secret itself.</param>
/// <param name="Forms">What to look for, each by the name of its form.</param>
/// <param name="Belongs">Where it may be: matched against the whole name of a place.</param>
internal sealed record Needle(string Name, IReadOnlyList<(string Form, byte[] Bytes)> Forms, Regex Belongs)
{
    // Shorter than this, something else may well look the same.
    private const int Least = 16;

    /// <param name="belongs">A regular expression.</param>
    public static Needle OfText(string name, string secret, string belongs = "(?!)") =>
        new(name, [.. FormsOf(Encoding.UTF8.GetBytes(secret))], new Regex($"^(?:{belongs})$"));

    /// <summary>A private key: the number that it is, and those lines of its file that have nothing of the public key alone, which others may well have.</summary>
    public static Needle OfKey(string name, string pem, string belongs)
    {
        List<string> lines = [.. pem.Split('\n').Select(line => line.Trim()).Where(line => line.Length >= 40 && !line.StartsWith('-'))];
        lines = IsRsa(pem) ? lines[(lines.Count / 2)..] : lines[..2];
        return new(name, [.. FormsOf(NumberOf(pem)), .. lines.SelectMany(line => FormsOf(Encoding.UTF8.GetBytes(line)))], new Regex($"^(?:{belongs})$"));
    }

    public bool IsSame(Needle other) => Forms[0].Bytes.AsSpan().SequenceEqual(other.Forms[0].Bytes);

    /// <summary>Once another is in force: it may also lie beside that one, for those who know only it.</summary>
    public Needle Replaced() => this with { Name = Name + " before", Belongs = new Regex(Belongs.ToString()[..^1] + @"(?:\.previous|\.before)?$") };

    private static IEnumerable<(string Form, byte[] Bytes)> FormsOf(byte[] secret)
    {
        Assert.True(secret.Length >= Least, "The secret is too short to be looked for.");
        yield return ("as it is", secret);
        yield return ("hex", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(secret)));
        yield return ("hex", Encoding.ASCII.GetBytes(Convert.ToHexString(secret)));
        for (var before = 0; before < 3; before++)
        {
            var text = Base64(secret, before);
            yield return ("base64", Encoding.ASCII.GetBytes(text));
            yield return ("base64", Encoding.ASCII.GetBytes(text.Replace('+', '-').Replace('/', '_')));
        }
    }

    /// <summary>The letters that are the same whatever stands before and behind it.</summary>
    private static string Base64(byte[] secret, int before)
    {
        var whole = Convert.ToBase64String([.. new byte[before], .. secret]).TrimEnd('=');
        var loose = (before + secret.Length) % 3 == 0 ? 0 : 1;
        var first = before switch { 0 => 0, 1 => 2, _ => 3 };
        return whole[first..^loose];
    }

    // Those on a curve are short.
    private static bool IsRsa(string pem) => pem.Length > 1000;

    private static byte[] NumberOf(string pem)
    {
        if (pem.Contains("OPENSSH", StringComparison.Ordinal))
        {
            // Its number lies at the end, before the comment; the middle of the file is as good.
            var body = Convert.FromBase64String(string.Concat(pem.Split('\n').Where(line => !line.StartsWith('-'))));
            return body[(body.Length * 3 / 4)..][..32];
        }

        if (IsRsa(pem))
        {
            using var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return rsa.ExportParameters(includePrivateParameters: true).D!;
        }

        using var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return key.ExportParameters(includePrivateParameters: true).D!;
    }
}
