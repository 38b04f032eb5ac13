using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Views;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>
/// What an API server finds where a hollow node says that its kubelet is: one HTTPS endpoint on this machine's loopback for
/// all of them, which hands out logs and says of everything else why it is not to be had.
/// </summary>
internal sealed class KubeletServer : IAsyncDisposable
{
    // The common name by which API servers that kubeadm or Ebb set up call kubelets.
    private const string Caller = "kube-apiserver-kubelet-client";

    // Logs of hollow pods are not pushed; this is often enough to read along.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly RemoteKubeletApi _api;
    private readonly HollowKubelets _kubelets;
    private readonly X509Certificate2 _clientAuthority;
    private readonly Authority _authority;
    private WebApplication? _app;

    private KubeletServer(RemoteKubeletApi api, HollowKubelets kubelets, X509Certificate2 clientAuthority)
    {
        (_api, _kubelets, _clientAuthority) = (api, kubelets, clientAuthority);
        _authority = Authority.Create("hollow kubelets", api.Agenda.Time);
    }

    public IPEndPoint Endpoint { get; private set; } = new(IPAddress.Loopback, 0);

    /// <param name="clientAuthority">Who signs the certificate that the API server shows to kubelets.</param>
    public static async Task<KubeletServer> StartAsync(
        RemoteKubeletApi api, HollowKubelets kubelets, X509Certificate2 clientAuthority, CancellationToken ct)
    {
        var server = new KubeletServer(api, kubelets, clientAuthority);
        try
        {
            await server.ListenAsync(ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
        }

        _authority.Dispose();
    }

    private async Task ListenAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null; // A log that is followed may be silent for long.
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = _authority.IssueServer("hollow-kubelet", [], []);
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => IsApiServer(certificate);
            }));
        });
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        _app = builder.Build();
        _app.Run(HandleAsync);
        await _app.StartAsync(ct);
        var bound = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Endpoint = new IPEndPoint(IPAddress.Loopback, new Uri(bound).Port);
    }

    private bool IsApiServer(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_clientAuthority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == Caller && chain.Build(certificate);
    }

    private Task HandleAsync(HttpContext http)
    {
        var path = (http.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        return path switch
        {
            ["healthz"] => AnswerAsync(http, HttpStatusCode.OK, "ok"),
            ["containerLogs", var ns, var pod, var container] when HttpMethods.IsGet(http.Request.Method) => LogAsync(http, ns, pod, container),
            ["exec" or "attach" or "run" or "portForward", ..] => RefuseAsync(http),
            _ => AnswerAsync(http, HttpStatusCode.NotFound, "A hollow kubelet serves logs only."),
        };
    }

    private async Task LogAsync(HttpContext http, string ns, string name, string container)
    {
        var ct = http.RequestAborted;
        LogOptions options;
        try
        {
            options = Read(new Query(http.Request.QueryString.Value is { Length: > 1 } query ? query[1..] : ""), _api.Agenda.Now);
        }
        catch (ApiException e)
        {
            await AnswerAsync(http, HttpStatusCode.BadRequest, e.Message);
            return;
        }

        var (lines, running) = Look(ns, name, container, options.Previous);
        if (lines is null)
        {
            await AnswerAsync(http, HttpStatusCode.NotFound, $"container \"{container}\" of pod {ns}/{name} has no log here: it has not started{(options.Previous ? " before" : "")}.");
            return;
        }

        http.Response.ContentType = "text/plain";
        await http.Response.WriteAsync(options.Format(lines), ct);
        var sent = lines.Count;
        using var timer = new PeriodicTimer(LookEvery, _api.Agenda.Time);
        while (options.Follow && running)
        {
            await http.Response.Body.FlushAsync(ct);
            await timer.WaitForNextTickAsync(ct);
            (var more, running) = Look(ns, name, container, previous: false);
            if (more is not null && more.Count > sent)
            {
                await http.Response.WriteAsync(options.Format(more, sent), ct);
                sent = more.Count;
            }
        }
    }

    private (IReadOnlyList<LogLine>? Lines, bool Running) Look(string ns, string name, string container, bool previous)
    {
        lock (_api.Agenda.Gate)
        {
            return _api.FindPod(ns, name) is { } pod
                ? (_kubelets.Log(pod, container, previous), !PodView.Of(pod).Finished)
                : (null, false);
        }
    }

    private static LogOptions Read(Query query, DateTimeOffset now) => new()
    {
        Follow = query.IsTrue("follow"),
        Previous = query.IsTrue("previous"),
        Timestamps = query.IsTrue("timestamps"),
        TailLines = query.Whole("tailLines"),
        LimitBytes = query.Whole("limitBytes"),
        Since = query.Whole("sinceSeconds") is { } seconds ? now.AddSeconds(-seconds) : Store.Timestamps.Parse(query["sinceTime"]),
    };

    /// <summary>In the form that a client takes out of a connection that was to become a stream.</summary>
    private static Task RefuseAsync(HttpContext http)
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = "A hollow node runs no processes: there is nothing to exec into, attach to or forward to. Use machines that are real (--machines nspawn).",
            ["reason"] = "NotImplemented",
            ["code"] = (int)HttpStatusCode.NotImplemented,
        };
        return AnswerAsync(http, HttpStatusCode.NotImplemented, status.ToJsonString(), "application/json");
    }

    private static async Task AnswerAsync(HttpContext http, HttpStatusCode code, string text, string contentType = "text/plain")
    {
        http.Response.StatusCode = (int)code;
        http.Response.ContentType = contentType;
        var body = Encoding.UTF8.GetBytes(text + "\n");
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }
}
