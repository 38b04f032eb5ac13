namespace Ebb.Tests.Joining.Lab;

/// <summary>Stands before the API server, and answers in its place what a test says.</summary>
/// <param name="hold">Until when a request is kept back.</param>
/// <param name="instead">Null for what is to go through.</param>
internal sealed class Interposed(HttpMessageHandler server, Func<HttpRequestMessage, Task> hold, Func<HttpRequestMessage, HttpResponseMessage?> instead)
    : DelegatingHandler(server)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await hold(request);
        return instead(request) ?? await base.SendAsync(request, cancellationToken);
    }
}
