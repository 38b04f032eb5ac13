using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure;

/// <summary>Makes and checks the bearer tokens of a face: three-part JWTs, signed with a key of its own.</summary>
internal sealed class TokenIssuer : IDisposable
{
    // Clients do not look into tokens, and this key is made in a millisecond where an RSA key takes a fifth of a second.
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _tenant;
    private readonly TimeProvider _time;

    public TokenIssuer(string tenant, TimeProvider time)
    {
        _tenant = tenant;
        _time = time;
    }

    public string Issue(string issuer, string audience, string clientId, string objectId, TimeSpan lifetime)
    {
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["aud"] = audience,
            ["iss"] = issuer,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + (long)lifetime.TotalSeconds,
            ["tid"] = _tenant,
            ["oid"] = objectId,
            ["sub"] = objectId,
            ["appid"] = clientId,
            ["idtyp"] = "app",
            ["ver"] = "1.0",
        };
        var unsigned = $"{Encode(new JsonObject { ["typ"] = "JWT", ["alg"] = "ES256", ["kid"] = KeyId }.ToJsonString())}.{Encode(claims.ToJsonString())}";
        var signature = _key.SignData(Encoding.ASCII.GetBytes(unsigned), HashAlgorithmName.SHA256);
        return $"{unsigned}.{Base64Url.EncodeToString(signature)}";
    }

    /// <summary>The claims of a token that this issuer signed and that is valid now; otherwise the reason.</summary>
    public (JsonObject? Claims, string? Code, string? Message) Verify(string token)
    {
        const string Invalid = "InvalidAuthenticationToken";
        var parts = token.Split('.');
        try
        {
            if (parts.Length != 3
                || !_key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256)
                || JsonNode.Parse(Base64Url.DecodeFromChars(parts[1])) is not JsonObject claims)
            {
                return (null, Invalid, "The access token is invalid.");
            }

            // Signed by us: the claims are there.
            var now = _time.GetUtcNow();
            var expiry = DateTimeOffset.FromUnixTimeSeconds(claims["exp"]!.GetValue<long>());
            if (expiry <= now)
            {
                return (null, "ExpiredAuthenticationToken", $"The access token expiry UTC time '{expiry.UtcDateTime:M/d/yyyy h:mm:ss tt}' is earlier than current UTC time '{now.UtcDateTime:M/d/yyyy h:mm:ss tt}'.");
            }

            return (claims, null, null);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return (null, Invalid, "The access token is invalid.");
        }
    }

    /// <summary>The public key as clients look it up.</summary>
    public JsonObject KeySet()
    {
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "EC",
                ["use"] = "sig",
                ["alg"] = "ES256",
                ["crv"] = "P-256",
                ["kid"] = KeyId,
                ["x"] = Base64Url.EncodeToString(point.X),
                ["y"] = Base64Url.EncodeToString(point.Y),
            }),
        };
    }

    public void Dispose() => _key.Dispose();

    private string KeyId => Convert.ToHexString(SHA256.HashData(_key.ExportSubjectPublicKeyInfo()))[..16];

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
