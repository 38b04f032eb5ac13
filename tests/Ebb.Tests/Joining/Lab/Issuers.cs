using System.Net;

namespace Ebb.Tests.Joining.Lab;

/// <summary>Where authorities publish their certificates; notes who asked for what.</summary>
internal sealed class Issuers : HttpMessageHandler
{
    private readonly Dictionary<Uri, byte[]> _served = [];
    private readonly Lock _lock = new();

    public List<Uri> Asked { get; } = [];

    public void Serve(Uri address, byte[] content) => _served[address] = content;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Asked.Add(request.RequestUri!);
        }

        return Task.FromResult(_served.TryGetValue(request.RequestUri!, out var content)
            ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(content) }
            : new HttpResponseMessage(HttpStatusCode.NotFound));
    }
}
