using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Kubernetes;

/// <summary>Where an API server is and as whom to speak to it: what a kubeconfig comes down to.</summary>
public sealed record KubeConnection
{
    public required Uri Server { get; init; }

    /// <summary>The namespace that the context names.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>Where all this is from, for messages: <c>context 'farm' of /home/me/.kube/config</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>Makes the transport, with the client certificate to present if any. Called again when that changes.</summary>
    public required Func<X509Certificate2?, HttpMessageHandler> Transport { get; init; }

    /// <summary>The Host header, where the server's certificate is made out to another name; null for the URL's own.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>The credential to use now. Given one that the server refused, another than that: of many requests refused with the same, only the first fetches anew.</summary>
    public Func<KubeCredential?, CancellationToken, ValueTask<KubeCredential>> Credential { get; init; } =
        static (_, _) => ValueTask.FromResult(KubeCredential.None);

    /// <summary>Speaking as someone else: <c>Impersonate-*</c> headers.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Impersonation { get; init; } = [];

    /// <summary>Not a word of the credential.</summary>
    public override string ToString() => $"{Server} ({Origin})";
}

/// <summary>What proves who is calling.</summary>
/// <param name="Renewable">Whether asking again may give a better one, so that a 401 is worth a second try.</param>
public sealed record KubeCredential(AuthenticationHeaderValue? Header, X509Certificate2? Certificate, bool Renewable)
{
    public static KubeCredential None { get; } = new(null, null, false);

    /// <summary>Only that there is one.</summary>
    public override string ToString() => $"{nameof(KubeCredential)} ({Header?.Scheme ?? "no header"}, {Certificate?.Subject ?? "no certificate"})";
}
