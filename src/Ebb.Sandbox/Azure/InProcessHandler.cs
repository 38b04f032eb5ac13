using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Ebb.Sandbox.Azure;

/// <summary>Carries an HTTP client's requests straight to a face, without sockets: for simulations on virtual time.</summary>
public sealed class InProcessHandler(AzureFace face) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        var lifetime = new Lifetime { RequestAborted = cancellationToken };
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        http.Response.Body = body;
        await FillAsync(http.Request, request, cancellationToken);

        await face.HandleAsync(http);
        if (lifetime.Aborted)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The connection was closed without an answer.");
        }

        var response = new HttpResponseMessage((HttpStatusCode)http.Response.StatusCode)
        {
            RequestMessage = request,
            Content = new ByteArrayContent(body.ToArray()),
        };
        foreach (var (name, values) in http.Response.Headers)
        {
            if (!response.Headers.TryAddWithoutValidation(name, values.ToArray()))
            {
                response.Content.Headers.TryAddWithoutValidation(name, values.ToArray());
            }
        }

        return response;
    }

    private static async Task FillAsync(HttpRequest to, HttpRequestMessage from, CancellationToken ct)
    {
        var uri = from.RequestUri ?? throw new InvalidOperationException("The request has no address.");
        to.Method = from.Method.Method;
        to.Scheme = uri.Scheme;
        to.Host = HostString.FromUriComponent(uri);
        to.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = uri.PathAndQuery;
        to.Path = PathString.FromUriComponent(uri);
        to.QueryString = QueryString.FromUriComponent(uri);
        foreach (var (name, values) in from.Headers)
        {
            to.Headers[name] = values.ToArray();
        }

        if (from.Content is null)
        {
            return;
        }

        foreach (var (name, values) in from.Content.Headers)
        {
            to.Headers[name] = values.ToArray();
        }

        to.ContentLength = from.Content.Headers.ContentLength;
        to.Body = await from.Content.ReadAsStreamAsync(ct);
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        public CancellationToken RequestAborted { get; set; }

        public bool Aborted { get; private set; }

        public void Abort() => Aborted = true;
    }
}
