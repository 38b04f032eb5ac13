using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ebb.Acting;
using Ebb.Controller.Joining.Limits;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ebb.Controller.Joining;

/// <summary>What the join server answers over HTTP: bounds first, then one of a few known paths, then the audit log.</summary>
internal sealed partial class JoinFace(
    RequestRates rates,
    Nonces nonces,
    Doorkeeper door,
    Admission admission,
    LeaveDesk leaving,
    NoticeDesk notices,
    ServedFiles agents,
    ServedFiles files,
    ServedCertificate certificate,
    Members members,
    ApiKubernetes kubernetes,
    AuditLog audit,
    JoinCounts counts,
    JoinServerOptions options,
    TimeProvider time,
    ILogger<JoinFace> logger) : IDisposable
{
    // Each check of a signature takes a core for a millisecond, and each admission some calls to the API server.
    private const int MostAtWork = 16;

    // Beyond these a machine is better served by an answer at once.
    private const int MostWaiting = 1024;

    // A drain holds a place for as long as its machine has.
    private const int MostDraining = 512;

    private static readonly TimeSpan JoinWithin = TimeSpan.FromSeconds(30);

    private static readonly V1ObjectReference AboutPools =
        new() { ApiVersion = "v1", Kind = "ConfigMap", Namespace = Marks.Namespace, Name = Marks.MemoryName };

    private readonly SemaphoreSlim _work = new(MostAtWork);
    private readonly SemaphoreSlim _drains = new(MostDraining);
    private int _waiting;

    public void Dispose()
    {
        _work.Dispose();
        _drains.Dispose();
    }

    /// <param name="stopping">The server's end: what a machine began goes on when the machine hangs up.</param>
    public async Task HandleAsync(HttpContext http, CancellationToken stopping)
    {
        var caller = new Caller(http.Connection.RemoteIpAddress?.ToString() ?? "unknown", RequestRates.KeyOf(http.Connection.RemoteIpAddress));
        var (asked, reply) = rates.Ask(caller.Key) is { } wait
            ? ("", Reply.Busy("rate", wait))
            : await AnswerAsync(http, caller, stopping);
        if (reply is null)
        {
            return;
        }

        counts.Count(asked, reply.Outcome);
        if (reply.Outcome != "rate" && asked is not ("health" or "ca.crt"))
        {
            Write(asked, reply, caller);
        }

        // Before the Event: nobody waits for that.
        await SendAsync(http, reply, isText: asked is "ca.crt" or "health");
        if (reply.Tell)
        {
            await TellAsync(asked, reply, caller, stopping);
        }
    }

    private async Task<(string Asked, Reply? Reply)> AnswerAsync(HttpContext http, Caller caller, CancellationToken stopping)
    {
        var request = http.Request;
        var path = request.Path.Value ?? "";
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return path switch
            {
                JoinPaths.Authority => ("ca.crt", new Reply(200, "granted") { Body = certificate.Authority }),
                JoinPaths.Health => ("health", Health()),
                _ when path.StartsWith(JoinPaths.Agent, StringComparison.Ordinal) =>
                    ("agent", await agents.ServeAsync(http, path[JoinPaths.Agent.Length..], caller.Key)),
                _ when path.StartsWith(JoinPaths.Files, StringComparison.Ordinal) =>
                    ("file", await files.ServeAsync(http, path[JoinPaths.Files.Length..], caller.Key)),
                _ => ("other", Reply.NotFound(path)),
            };
        }

        if (!HttpMethods.IsPost(request.Method))
        {
            return ("other", Reply.NotFound(path));
        }

        return path switch
        {
            JoinPaths.Nonce => ("nonce", GiveNonce(caller)),
            JoinPaths.Join => ("join", await WorkAsync(
                http, JoinJson.Default.JoinRequest, _work, (body, ct) => admission.JoinAsync(body, caller, http.RequestAborted, ct), JoinWithin, stopping)),
            JoinPaths.Notice => ("notice", await WorkAsync(
                http, JoinJson.Default.NoticeRequest, _work, (body, ct) => notices.NoticeAsync(body, caller, ct), JoinWithin, stopping)),
            JoinPaths.Leave => ("leave", await WorkAsync(
                http, JoinJson.Default.LeaveRequest, _drains, (body, ct) => leaving.LeaveAsync(body, caller, ct), LeaveDesk.Longest, stopping)),
            _ => ("other", Reply.NotFound(path)),
        };
    }

    private Reply GiveNonce(Caller caller) =>
        nonces.Give(caller.Key) is { } nonce
            ? Reply.Granted(
                new NonceAnswer { Nonce = nonce, ExpiresAt = time.GetUtcNow() + options.NonceLifetime, Kinds = door.Kinds },
                JoinJson.Default.NonceAnswer)
            : Reply.Busy("nonces", TimeSpan.FromSeconds(10));

    private Reply Health() => members.Trouble is null
        ? new Reply(200, "granted") { Body = "ok\n"u8.ToArray() }
        : new Reply(503, "failed") { Body = "the cloud cannot be read\n"u8.ToArray() };

    private async Task<Reply> WorkAsync<T>(
        HttpContext http,
        JsonTypeInfo<T> type,
        SemaphoreSlim places,
        Func<T, CancellationToken, Task<Reply>> answer,
        TimeSpan within,
        CancellationToken stopping)
    {
        T? body;
        try
        {
            body = await JsonSerializer.DeserializeAsync(http.Request.Body, type, http.RequestAborted);
        }
        catch (JsonException e)
        {
            return Reply.BadRequest($"the body is not what belongs here: wrong at {Shortened(e.Path ?? "$")}.");
        }
        catch (BadHttpRequestException e)
        {
            return new Reply(e.StatusCode, "malformed", "the body is too large or came too slowly") { Body = [] };
        }
        catch (Exception e) when (e is IOException or OperationCanceledException && !stopping.IsCancellationRequested)
        {
            // Nobody is left to answer, or what came is no body at all.
            return Reply.BadRequest("the body broke off.");
        }

        if (body is null)
        {
            return Reply.BadRequest("the body is null.");
        }

        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return Reply.Busy("queue", TimeSpan.FromSeconds(5));
        }

        using var deadline = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, deadline.Token);
        try
        {
            try
            {
                await places.WaitAsync(either.Token);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }

            try
            {
                return await answer(body, either.Token);
            }
            finally
            {
                places.Release();
            }
        }
        catch (Exception e) when (e is KubeException or IOException or EbbException or Clouds.CloudException)
        {
            LogFailed(e.Message);
            return Reply.Failed(e.Message);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return Reply.Failed($"it took longer than {within.TotalSeconds:0} s");
        }
    }

    private void Write(string asked, Reply reply, Caller caller) => audit.Write(new AuditEntry
    {
        At = time.GetUtcNow(),
        From = caller.Address,
        Asked = asked,
        Answer = reply.Status,
        Outcome = reply.Outcome,
        Why = reply.Why,
        Proof = reply.Proof,
        Machine = reply.Machine,
        Pool = reply.Pool,
        Node = reply.Node,
        Agent = reply.Agent,
    });

    private static async Task SendAsync(HttpContext http, Reply reply, bool isText)
    {
        if (http.Response.HasStarted || http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        http.Response.StatusCode = reply.Status;
        http.Response.ContentType = isText ? "text/plain" : "application/json";
        http.Response.ContentLength = reply.Body.Length;
        http.Response.Headers.CacheControl = "no-store";
        if (reply.RetryAfterSeconds is { } seconds)
        {
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (!HttpMethods.IsHead(http.Request.Method))
        {
            try
            {
                await http.Response.Body.WriteAsync(reply.Body, http.RequestAborted);
                await http.Response.CompleteAsync();
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // It hung up; what was decided stands, and it asks again.
            }
        }
    }

    private async Task TellAsync(string asked, Reply reply, Caller caller, CancellationToken ct)
    {
        var refused = reply.Status == 403;
        try
        {
            await kubernetes.TellAsync(
                AboutPools, refused, refused ? "Refused" : "Admitted",
                refused
                    ? $"{caller.Address} asked to {asked} and was refused: {reply.Outcome}"
                    : $"Machine {reply.Machine} of pool {reply.Pool} was admitted as node {reply.Node}",
                ct);
        }
        catch (KubeException e)
        {
            // An Event is a courtesy: the audit log has it.
            LogNotTold(e.Message);
        }
    }

    private static string Shortened(string text) => text.Length <= 60 ? text : text[..60];

    [LoggerMessage(LogLevel.Warning, "A request could not be answered: {Trouble}")]
    private partial void LogFailed(string trouble);

    [LoggerMessage(LogLevel.Debug, "An event could not be written: {Trouble}")]
    private partial void LogNotTold(string trouble);
}
