using System.Security.Cryptography;
using System.Text;

namespace Ebb.Sandbox.Azure;

/// <summary>Ids of who acts, derived from what they belong to: the same in every run.</summary>
internal static class Principals
{
    public static string PrincipalOf(string resourceId) => Derive("principal", resourceId);

    public static string ClientOf(string resourceId) => Derive("client", resourceId);

    private static string Derive(string what, string resourceId)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{what}:{resourceId.ToLowerInvariant()}")).AsSpan(0, 16);
        hash[7] = (byte)((hash[7] & 0x0f) | 0x40);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash).ToString();
    }
}
