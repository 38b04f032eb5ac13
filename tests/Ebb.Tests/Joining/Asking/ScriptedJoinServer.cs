using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Joining;
using Ebb.Sandbox.Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ebb.Tests.Joining.Asking;

/// <summary>Answers over TLS as a join server does, with what a test has prepared for each path, the last of it again and again.</summary>
internal sealed class ScriptedJoinServer : IAsyncDisposable
{
    public const string Granted = """{"node":"agents000001","providerId":"azure:///m","distribution":"kubelet","servers":["https://10.1.0.10:6443"],"authority":"pem","token":"abcdef.0123456789abcdef"}""";

    private readonly Authority _authority;
    private readonly X509Certificate2 _certificate;
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Func<HttpContext, Task>>> _script = [];

    private ScriptedJoinServer(Authority authority)
    {
        _authority = authority;
        using var leaf = authority.IssueServer("join", [], []);
        _certificate = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate)));
        _app = builder.Build();
        _app.Run(AnswerAsync);
        Answer(JoinPaths.Authority, 200, authority.CertificatePem);
        Answer(JoinPaths.Nonce, 200, """{"nonce":"1029384756","expiresAt":"2030-01-01T00:00:00Z"}""");
    }

    /// <summary>Paths and bodies, in order.</summary>
    public ConcurrentQueue<(string Path, string Body)> Asked { get; } = [];

    public string Address { get; private set; } = "";

    public int Count(string path) => Asked.Count(asked => asked.Path == path);

    public static async Task<ScriptedJoinServer> StartAsync(Authority authority)
    {
        var server = new ScriptedJoinServer(authority);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        server.Address = server._app.Urls.Single();
        return server;
    }

    public static AgentConfiguration Configuration(Authority authority, params string[] servers) => new()
    {
        Servers = servers,
        Authority = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(authority.Certificate.RawData))}",
    };

    public void Answer(string path, int status, string body, int? retryAfter = null) => Answer(path, async http =>
    {
        http.Response.StatusCode = status;
        if (retryAfter is { } seconds)
        {
            http.Response.Headers.RetryAfter = $"{seconds}";
        }

        await http.Response.WriteAsync(body, http.RequestAborted);
    });

    public void Answer(string path, Func<HttpContext, Task> answer) => _script.GetOrAdd(path, _ => []).Enqueue(answer);

    /// <summary>What was prepared for this path no longer counts.</summary>
    public void Forget(string path) => _script.TryRemove(path, out _);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        Asked.Enqueue((http.Request.Path, await reader.ReadToEndAsync(http.RequestAborted)));
        if (!_script.TryGetValue(http.Request.Path, out var answers))
        {
            http.Response.StatusCode = 404;
            return;
        }

        Func<HttpContext, Task>? answer;
        lock (answers)
        {
            answers.TryPeek(out answer);
            if (answers.Count > 1)
            {
                answers.TryDequeue(out _);
            }
        }

        await answer!(http);
    }
}
