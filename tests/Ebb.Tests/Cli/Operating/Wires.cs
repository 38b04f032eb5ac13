using System.Net;
using System.Net.Http.Headers;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Api;

namespace Ebb.Tests.Cli.Operating;

/// <summary>One command's wire to the cloud.</summary>
internal sealed class CloudWire(HttpMessageHandler cloud, Misfortune misfortune) : DelegatingHandler(cloud)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        misfortune.PassAsync("cloud", request, () => base.SendAsync(request, cancellationToken));
}

/// <summary>One command's wire to the API server: answers at once, since an HTTP client that waits would leave the simulation's thread.</summary>
internal sealed class KubeWire(KubeApi api, Misfortune misfortune) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is { } content ? await content.ReadAsByteArrayAsync(cancellationToken) : [];
        return await misfortune.PassAsync("kubernetes", request, () => Task.FromResult(Answer(request, body)));
    }

    private HttpResponseMessage Answer(HttpRequestMessage request, byte[] body)
    {
        var asked = new ApiRequest(request.Method.Method, request.RequestUri!.AbsolutePath)
        {
            Query = request.RequestUri.Query.TrimStart('?'),
            Body = body,
            ContentType = request.Content?.Headers.ContentType?.MediaType ?? "application/json",
            UserAgent = "ebb/1",
        };
        var answer = Handle(asked);
        var response = new HttpResponseMessage((HttpStatusCode)answer.Code) { Content = new ByteArrayContent(answer.Body.ToArray()) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (answer.RetryAfterSeconds is { } seconds)
        {
            response.Headers.TryAddWithoutValidation("Retry-After", $"{seconds}");
        }

        return response;
    }

    private ApiResponse Handle(ApiRequest request)
    {
        try
        {
            return api.Handle(request);
        }
        catch (ApiException e)
        {
            return KubeApi.Refused(e);
        }
    }
}
