using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Ebb.Kubernetes.Config;

/// <summary>Understands what an exec plugin prints. None of it ever shows in a message.</summary>
internal static class ExecAnswer
{
    public static (KubeCredential Credential, DateTimeOffset? Expires) Parse(string output, ExecSettings settings)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            var root = document.RootElement;
            if (Text(root, "kind") != "ExecCredential")
            {
                throw new EbbException($"{settings.Origin} printed no ExecCredential.");
            }

            if (Text(root, "apiVersion") != settings.ApiVersion)
            {
                throw new EbbException(
                    $"{settings.Origin} answered in another version than the '{settings.ApiVersion}' that its configuration names. Make the two agree.");
            }

            return root.TryGetProperty("status", out var status) && status.ValueKind is JsonValueKind.Object
                ? Read(status, settings)
                : throw new EbbException($"{settings.Origin} gave no status, so no credential.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Without the inner exception: a JSON error may quote what it could not read.
            throw new EbbException($"{settings.Origin} printed something that is no ExecCredential in JSON.");
        }
    }

    private static (KubeCredential, DateTimeOffset?) Read(JsonElement status, ExecSettings settings)
    {
        AuthenticationHeaderValue? header = null;
        X509Certificate2? pair = null;
        if (Text(status, "token") is { Length: > 0 } token)
        {
            header = Headers.Bearer(token, $"What {settings.Origin} printed");
        }

        if (Text(status, "clientCertificateData") is { Length: > 0 } certificate && Text(status, "clientKeyData") is { Length: > 0 } key)
        {
            pair = ClientPair.FromPem(certificate, key, $"{settings.Origin}: the certificate it printed");
        }

        if (header is null && pair is null)
        {
            throw new EbbException($"{settings.Origin} gave neither a token nor a certificate with its key.");
        }

        DateTimeOffset? expires = null;
        if (Text(status, "expirationTimestamp") is { Length: > 0 } text)
        {
            expires = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                ? at
                : throw new EbbException($"{settings.Origin} gave an expirationTimestamp that is no RFC 3339 time.");
        }

        return (new(header, pair, Renewable: true), expires);
    }

    private static string? Text(JsonElement element, string member) =>
        element.TryGetProperty(member, out var value) && value.ValueKind is not JsonValueKind.Null ? value.GetString() : null;
}
