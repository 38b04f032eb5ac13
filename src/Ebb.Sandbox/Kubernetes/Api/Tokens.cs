using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Issues and checks the tokens of service accounts, which are JSON web tokens.</summary>
public sealed class Tokens(ObjectStore store)
{
    internal const string Issuer = "https://kubernetes.default.svc.cluster.local";
    private const string KeyId = "ebb";
    private const int LongestToken = 16 * 1024;

    // Made when the first token is: most simulations never ask for one.
    private readonly Lazy<ECDsa> _key = new(() => ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public (string Token, DateTimeOffset Expires) Issue(
        KubeObject account, TimeSpan lifetime, IReadOnlyList<string> audiences)
    {
        var now = store.Agenda.Now;
        var expires = now + lifetime;
        var header = new JsonObject { ["alg"] = "ES256", ["kid"] = KeyId, ["typ"] = "JWT" };
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray([.. (audiences.Count == 0 ? [Issuer] : audiences).Select(a => JsonValue.Create(a))]),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = Issuer,
            ["kubernetes.io"] = new JsonObject
            {
                ["namespace"] = account.Namespace,
                ["serviceaccount"] = new JsonObject { ["name"] = account.Name, ["uid"] = account.Uid },
            },
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"system:serviceaccount:{account.Namespace}:{account.Name}",
        };
        var signed = $"{Encode(header)}.{Encode(claims)}";
        var signature = _key.Value.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256);
        return ($"{signed}.{Base64Url.EncodeToString(signature)}", expires);
    }

    /// <summary>Whose token it is; null when it is not one of ours, has expired, or its account is gone.</summary>
    public User? Check(string token)
    {
        var parts = token.Split('.');
        if (token.Length > LongestToken || parts.Length != 3 || !_key.IsValueCreated)
        {
            return null;
        }

        try
        {
            var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
            if (!_key.Value.VerifyData(signed, Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256))
            {
                return null;
            }

            var claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]));
            var ns = claims.Text("kubernetes.io", "namespace") ?? "";
            var account = store.Get(
                Kinds.ServiceAccount, ns, claims.Text("kubernetes.io", "serviceaccount", "name") ?? "");
            var expired = (claims.Whole("exp") ?? 0) <= store.Agenda.Now.ToUnixTimeSeconds();
            return expired || account is null || account.Uid != claims.Text("kubernetes.io", "serviceaccount", "uid")
                ? null
                : new User(
                    claims.Text("sub") ?? "",
                    "system:serviceaccounts",
                    "system:serviceaccounts:" + ns,
                    "system:authenticated")
                { Uid = account.Uid };
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            // Not a token at all: the same as a wrong one.
            return null;
        }
    }

    /// <summary>The public key, as others fetch it to check tokens themselves.</summary>
    internal JsonObject KeySet()
    {
        var point = _key.Value.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["use"] = "sig",
                ["kty"] = "EC",
                ["kid"] = KeyId,
                ["crv"] = "P-256",
                ["alg"] = "ES256",
                ["x"] = Base64Url.EncodeToString(point.X),
                ["y"] = Base64Url.EncodeToString(point.Y),
            }),
        };
    }

    private static string Encode(JsonObject json) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
