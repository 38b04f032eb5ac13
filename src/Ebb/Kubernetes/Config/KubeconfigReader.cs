using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Ebb.Kubernetes.Config;

/// <summary>Turns one context of a merged kubeconfig into a connection.</summary>
/// <param name="again">Reads the kubeconfig as it is later.</param>
internal sealed class KubeconfigReader(
    KubeconfigFile config, string searched, Func<string, string?> environment, TimeProvider time, Func<KubeConnection> again)
{
    public KubeConnection Connection(string? contextName)
    {
        var context = Context(contextName);
        var cluster = Entry(config.Clusters, context, "cluster");
        var user = context.Body.Text("user", context.File) is { Length: > 0 } ? Entry(config.Users, context, "user") : null;
        var origin = $"context '{context.Name}' of '{context.File}'";
        var tls = Tls(cluster);
        var server = Server(cluster, tls);
        var certificate = user is null ? null : ClientCertificate(user);
        return new()
        {
            Server = server,
            Namespace = context.Body.Text("namespace", context.File) is { Length: > 0 } ns ? ns : "default",
            Origin = origin,
            TlsServerName = tls.ServerName,
            Transport = other => TlsTransport.Make(tls, other ?? certificate),
            Credential = user is null ? static (_, _) => ValueTask.FromResult(KubeCredential.None) : Credential(user, cluster, server, tls, certificate),
            Impersonation = user is null ? [] : Impersonation(user),
        };
    }

    private KubeconfigEntry Context(string? name)
    {
        name = string.IsNullOrEmpty(name) ? config.CurrentContext : name;
        if (string.IsNullOrEmpty(name))
        {
            throw new EbbException($"Kubeconfig '{searched}' has no current context. {Known()} Choose one with --context.");
        }

        return config.Contexts.GetValueOrDefault(name)
            ?? throw new EbbException($"Kubeconfig '{searched}' has no context '{name}'. {Known()}");
    }

    private string Known() => config.Contexts.Count == 0
        ? "It has no contexts at all."
        : $"It has {string.Join(", ", config.Contexts.Keys.Order(StringComparer.Ordinal).Select(c => $"'{c}'"))}.";

    private static KubeconfigEntry Entry(
        IReadOnlyDictionary<string, KubeconfigEntry> among, KubeconfigEntry context, string member)
    {
        var name = context.Body.Text(member, context.File);
        return string.IsNullOrEmpty(name)
            ? throw new EbbException($"Kubeconfig '{context.File}': context '{context.Name}' names no {member}.")
            : among.GetValueOrDefault(name)
                ?? throw new EbbException($"Kubeconfig '{context.File}': context '{context.Name}' names the {member} '{name}', which is not there.");
    }

    private static Uri Server(KubeconfigEntry cluster, TlsSettings tls)
    {
        var text = cluster.Body.Text("server", cluster.File);
        if (string.IsNullOrEmpty(text))
        {
            throw new EbbException($"Kubeconfig '{cluster.File}': cluster '{cluster.Name}' has no server.");
        }

        var scheme = tls.Authority is null && !tls.Insecure ? "http" : "https";
        var url = text.Contains("://", StringComparison.Ordinal) ? text : $"{scheme}://{text}";
        return Uri.TryCreate(url, UriKind.Absolute, out var server) && server.Scheme is "http" or "https"
            ? server
            : throw new EbbException($"Kubeconfig '{cluster.File}': server '{text}' of cluster '{cluster.Name}' is no http or https address.");
    }

    private static TlsSettings Tls(KubeconfigEntry cluster)
    {
        var (body, file) = (cluster.Body, cluster.File);
        var authority = Content(cluster, "certificate-authority");
        var insecure = body.Flag("insecure-skip-tls-verify", file);
        if (insecure && authority is not null)
        {
            throw new EbbException(
                $"Kubeconfig '{file}': cluster '{cluster.Name}' has both a certificate authority and insecure-skip-tls-verify. Keep one.");
        }

        return new()
        {
            Authority = authority is null ? null : Certificates(cluster, authority),
            AuthorityPem = authority,
            Insecure = insecure,
            ServerName = body.Text("tls-server-name", file) is { Length: > 0 } name ? name : null,
            Proxy = Proxy(cluster),
            Compress = !body.Flag("disable-compression", file),
        };
    }

    private static X509Certificate2Collection Certificates(KubeconfigEntry cluster, string pem)
    {
        var authority = new X509Certificate2Collection();
        try
        {
            authority.ImportFromPem(pem);
        }
        catch (System.Security.Cryptography.CryptographicException e)
        {
            throw new EbbException($"Kubeconfig '{cluster.File}': the certificate authority of cluster '{cluster.Name}' cannot be read: {e.Message}", e);
        }

        return authority.Count > 0
            ? authority
            : throw new EbbException($"Kubeconfig '{cluster.File}': the certificate authority of cluster '{cluster.Name}' holds no PEM certificate.");
    }

    private static Uri? Proxy(KubeconfigEntry cluster)
    {
        var text = cluster.Body.Text("proxy-url", cluster.File);
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out var proxy) && proxy.Scheme is "http" or "https" or "socks5"
            ? proxy
            : throw new EbbException(
                $"Kubeconfig '{cluster.File}': the proxy-url of cluster '{cluster.Name}' must begin http://, https:// or socks5://.");
    }

    private X509Certificate2? ClientCertificate(KubeconfigEntry user)
    {
        var certificate = Content(user, "client-certificate");
        var key = Content(user, "client-key");
        if (certificate is null && key is null)
        {
            return null;
        }

        if (certificate is null || key is null)
        {
            throw new EbbException(
                $"Kubeconfig '{user.File}': user '{user.Name}' has a client {(key is null ? "certificate without its key" : "key without its certificate")}.");
        }

        var pair = ClientPair.FromPem(certificate, key, $"Kubeconfig '{user.File}': the client certificate of user '{user.Name}'");
        if (pair.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime)
        {
            throw new EbbException(
                $"Kubeconfig '{user.File}': the client certificate of user '{user.Name}' expired on {pair.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC. " +
                "Fetch a new kubeconfig for this cluster.");
        }

        return pair;
    }

    private Func<KubeCredential?, CancellationToken, ValueTask<KubeCredential>> Credential(
        KubeconfigEntry user, KubeconfigEntry cluster, Uri server, TlsSettings tls, X509Certificate2? certificate)
    {
        var (body, file) = (user.Body, user.File);
        if (body.TryGetProperty("exec", out var exec) && exec.ValueKind is JsonValueKind.Object)
        {
            return new ExecPlugin(ExecSettings.Parse(user, exec, cluster, server, tls), environment, time).GetAsync;
        }

        if (body.TryGetProperty("auth-provider", out var provider) && provider.ValueKind is JsonValueKind.Object)
        {
            throw new EbbException(
                $"Kubeconfig '{file}': user '{user.Name}' has an auth-provider, which Kubernetes has removed. Use an exec plugin, such as kubelogin.");
        }

        // A file beside a literal token wins: it is the one that is kept fresh.
        if (body.Text("tokenFile", file) is { Length: > 0 } tokenFile)
        {
            return new TokenFile(Absolute(file, tokenFile), time).GetAsync;
        }

        var header = body.Text("token", file) is { Length: > 0 } token
            ? Headers.Bearer(token, $"Kubeconfig '{file}': the token of user '{user.Name}'")
            : Basic(user);
        return new WrittenCredential(new KubeCredential(header, certificate, Renewable: true), again).GetAsync;
    }

    private static AuthenticationHeaderValue? Basic(KubeconfigEntry user)
    {
        var name = user.Body.Text("username", user.File);
        var password = user.Body.Text("password", user.File);
        return string.IsNullOrEmpty(name)
            ? null
            : new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}")));
    }

    private static List<KeyValuePair<string, string>> Impersonation(KubeconfigEntry user)
    {
        var (body, file) = (user.Body, user.File);
        var headers = new List<KeyValuePair<string, string>>();
        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                headers.Add(new(name, value));
            }
        }

        Add("Impersonate-User", body.Text("as", file));
        Add("Impersonate-Uid", body.Text("as-uid", file));
        foreach (var group in body.List("as-groups", file))
        {
            Add("Impersonate-Group", group.GetString());
        }

        if (body.TryGetProperty("as-user-extra", out var extra) && extra.ValueKind is JsonValueKind.Object)
        {
            foreach (var (name, value) in extra.EnumerateObject().SelectMany(e => e.Value.EnumerateArray().Select(v => (e.Name, v))))
            {
                Add($"Impersonate-Extra-{Uri.EscapeDataString(name)}", value.GetString());
            }
        }

        return headers;
    }

    /// <summary>PEM that stands inline (as base64, and then counts) or in a file; null when neither is given.</summary>
    private static string? Content(KubeconfigEntry entry, string member)
    {
        var (body, file) = (entry.Body, entry.File);
        if (body.Text(member + "-data", file) is { Length: > 0 } inline)
        {
            try
            {
                return Encoding.UTF8.GetString(Convert.FromBase64String(inline));
            }
            catch (FormatException e)
            {
                throw new EbbException($"Kubeconfig '{file}': {member}-data of '{entry.Name}' is not base64.", e);
            }
        }

        if (body.Text(member, file) is not { Length: > 0 } path)
        {
            return null;
        }

        try
        {
            return File.ReadAllText(Absolute(file, path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"Kubeconfig '{file}': {member} of '{entry.Name}' cannot be read: {e.Message}", e);
        }
    }

    private static string Absolute(string kubeconfig, string path) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(kubeconfig)) ?? "/", path);
}
