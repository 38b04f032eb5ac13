using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Threading.Channels;
using Ebb.Sandbox.Kubernetes.Api;
using Microsoft.AspNetCore.Http;

namespace Ebb.Sandbox.Kubernetes.Face;

/// <summary>Sends a watch over one connection: an event a line, bookmarks between them, until its time is up.</summary>
internal sealed class WatchStream(KubeApi api, TimeSpan bookmarkEvery)
{
    // A client this far behind is better off resuming where it is: its watch is ended, as the real server does.
    private const int MostWaiting = 20_000;

    // The real server draws from 30 to 60 minutes; any end in between is as good.
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(45);

    public async Task RunAsync(HttpContext http, ApiRequest request, CancellationToken ct)
    {
        var time = api.Store.Agenda.Time;
        var waiting = Channel.CreateUnbounded<WatchEvent>();

        // What there is at the start may be any number; the bound is for what comes after it has been sent.
        using var watch = api.Watch(request, sent =>
        {
            if (!waiting.Writer.TryWrite(sent) || (http.Response.HasStarted && waiting.Reader.Count > MostWaiting))
            {
                waiting.Writer.TryComplete();
            }
        });
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-cache, private";
        await http.Response.StartAsync(ct);
        var output = http.Response.BodyWriter;
        Drain(waiting.Reader, output);
        await output.FlushAsync(ct);

        var timeout = watch.TimeoutSeconds is > 0 and var seconds
            ? TimeSpan.FromSeconds(Math.Min(seconds, 86_400)) : DefaultTimeout;
        using var over = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, ct);
        using var bookmarks = time.CreateTimer(
            _ => Bookmark(watch, waiting.Writer), null, bookmarkEvery, bookmarkEvery);
        try
        {
            while (await waiting.Reader.WaitToReadAsync(either.Token))
            {
                Drain(waiting.Reader, output);
                await output.FlushAsync(ct);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Its time is up: a last bookmark, and the client comes back from there.
            Bookmark(watch, waiting.Writer);
            Drain(waiting.Reader, output);
            await output.FlushAsync(ct);
        }
    }

    private void Bookmark(ApiWatch watch, ChannelWriter<WatchEvent> writer)
    {
        if (watch.WantsBookmarks)
        {
            lock (api.Store.Agenda.Gate)
            {
                writer.TryWrite(watch.Bookmark());
            }
        }
    }

    private static void Drain(ChannelReader<WatchEvent> reader, PipeWriter output)
    {
        while (reader.TryRead(out var sent))
        {
            Encoding.UTF8.GetBytes($"{{\"type\":\"{sent.Type}\",\"object\":", output);
            output.Write(sent.Object.Span);
            output.Write("}\n"u8);
        }
    }
}
