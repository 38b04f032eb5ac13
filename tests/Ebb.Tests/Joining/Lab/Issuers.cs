using System.Net;

namespace Ebb.Tests.Joining.Lab;

/// <summary>Where authorities publish their certificates; notes who asked for what.</summary>
internal sealed class Issuers : HttpMessageHandler
{
    private readonly Dictionary<Uri, byte[]> _served = [];
    private readonly List<Uri> _asked = [];
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private Uri? _held;
    private bool _closed;

    public IReadOnlyList<Uri> Asked
    {
        get
        {
            lock (_lock)
            {
                return [.. _asked];
            }
        }
    }

    public void Serve(Uri address, byte[] content) => _served[address] = content;

    /// <summary>Who asks for this waits until all are let go.</summary>
    public void Hold(Uri address) => _held = address;

    /// <summary>From now on nobody reaches any of this.</summary>
    public void Close() => _closed = true;

    public void LetGo() => _letGo.TrySetResult();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _asked.Add(request.RequestUri!);
        }

        if (_closed)
        {
            throw new HttpRequestException("There is no way outside.");
        }

        if (request.RequestUri == _held)
        {
            await _letGo.Task.WaitAsync(cancellationToken);
        }

        return _served.TryGetValue(request.RequestUri!, out var content)
            ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(content) }
            : new HttpResponseMessage(HttpStatusCode.NotFound);
    }
}
