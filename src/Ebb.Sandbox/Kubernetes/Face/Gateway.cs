using System.Buffers;
using System.IO.Compression;
using Ebb.Sandbox.Kubernetes.Api;
using Microsoft.AspNetCore.Http;

namespace Ebb.Sandbox.Kubernetes.Face;

/// <summary>Between HTTP and the API: reads requests, writes answers, and lets streams run.</summary>
internal sealed class Gateway(
    KubeApi api, Authentication authentication, KubernetesFaceOptions options, CancellationToken stopping)
{
    // One byte more than the API takes, so that it sees, and says, that it is too much.
    private const int MostBody = (3 * 1024 * 1024) + 1;

    // As the real server: below this, packing costs more than it saves.
    private const int WorthPacking = 128 * 1024;

    public async Task HandleAsync(HttpContext http)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        var ct = ending.Token;
        try
        {
            var request = await ReadAsync(http, ct);
            if (KubeApi.IsWatch(request))
            {
                await new WatchStream(api, options.BookmarkEvery).RunAsync(http, request, ct);
            }
            else if (LogStream.IsFollowed(request))
            {
                await new LogStream(api).RunAsync(http, request, ct);
            }
            else
            {
                await WriteAsync(http, api.Handle(request), ct);
            }
        }
        catch (ApiException e) when (!http.Response.HasStarted)
        {
            await WriteAsync(http, KubeApi.Refused(e), ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && !http.Response.HasStarted)
        {
            // A defect of ours: the client gets a Status that names it, as from any server, and the sandbox lives on.
            await WriteAsync(http, KubeApi.Refused(ApiException.Internal($"{e.GetType().Name}: {e.Message}")), ct);
        }
        catch (Exception e) when (ct.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The client has gone, or the sandbox ends: nothing that could be said now would be an answer.
            http.Abort();
        }
    }

    private async Task<ApiRequest> ReadAsync(HttpContext http, CancellationToken ct)
    {
        var request = http.Request;
        return new ApiRequest(request.Method, request.Path.Value is { Length: > 0 } path ? path : "/")
        {
            Query = request.QueryString.Value is { Length: > 1 } query ? query[1..] : "",
            Body = await ReadBodyAsync(request, ct),
            ContentType = request.ContentType ?? "application/json",
            Accept = request.Headers.Accept.ToString(),
            UserAgent = request.Headers.UserAgent.ToString(),
            User = authentication.WhoIs(http),
        };
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpRequest request, CancellationToken ct)
    {
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(ct);
            if (read.IsCompleted || read.Buffer.Length >= MostBody)
            {
                var body = read.Buffer.Slice(0, Math.Min(MostBody, read.Buffer.Length)).ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static async Task WriteAsync(HttpContext http, ApiResponse answer, CancellationToken ct)
    {
        var response = http.Response;
        response.StatusCode = answer.Code;
        if (answer.ContentType.Length > 0)
        {
            response.ContentType = answer.ContentType;
        }

        response.Headers.CacheControl = "no-cache, private";
        foreach (var warning in answer.Warnings)
        {
            response.Headers.Append("Warning", $"299 - \"{warning.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"");
        }

        if (answer.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString();
        }

        var length = answer.Parts.Sum(part => (long)part.Length);
        if (length >= WorthPacking && http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var packed = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            foreach (var part in answer.Parts)
            {
                await packed.WriteAsync(part, ct);
            }

            return;
        }

        if (answer.Code == StatusCodes.Status204NoContent)
        {
            return;
        }

        response.ContentLength = length;
        if (HttpMethods.IsHead(http.Request.Method))
        {
            return;
        }

        foreach (var part in answer.Parts)
        {
            await response.BodyWriter.WriteAsync(part, ct);
        }
    }
}
