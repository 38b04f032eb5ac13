using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ebb.Joining;

/// <summary>By what the authority of a cluster's API servers is known to who has no more than a hash of it.</summary>
public static class AuthorityMark
{
    /// <summary>
    /// As k3s's agents compute it: over the file as it is when that is one certificate, else over the root of the first in it. In hexadecimal.
    /// </summary>
    /// <param name="file">PEM.</param>
    public static string HashOf(byte[] file)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(Encoding.ASCII.GetString(file));
        if (all.Count <= 1)
        {
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }

        var root = all[0];
        while (root.SubjectName.RawData.AsSpan().SequenceEqual(root.IssuerName.RawData) is false
            && all.FirstOrDefault(c => c.SubjectName.RawData.AsSpan().SequenceEqual(root.IssuerName.RawData)) is { } issuer)
        {
            root = issuer;
        }

        return Convert.ToHexStringLower(SHA256.HashData(root.RawData));
    }

    /// <summary>What nodes bear as <see cref="Marks.Authority"/>.</summary>
    public static string Of(string pem) => HashOf(Encoding.ASCII.GetBytes(pem))[..16];
}
