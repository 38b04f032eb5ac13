namespace Ebb.Tests.Sandbox.World;

/// <summary>Cuts every connection while it lasts, those that stand too.</summary>
internal sealed class Outage : DelegatingHandler
{
    private CancellationTokenSource _cut = new();

    /// <summary>When this is over, answers come to what is said of a status; it is written before.</summary>
    public Task StatusAnswered { get; set; } = Task.CompletedTask;

    public bool Away
    {
        get => _cut.IsCancellationRequested;
        set
        {
            if (value)
            {
                _cut.Cancel();
            }
            else
            {
                _cut = new CancellationTokenSource();
            }
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var cut = _cut.Token;
        if (cut.IsCancellationRequested)
        {
            throw new HttpRequestException("Connection refused");
        }

        var response = await base.SendAsync(request, cancellationToken);
        if (request.RequestUri!.AbsolutePath.EndsWith("/status", StringComparison.Ordinal))
        {
            await StatusAnswered.WaitAsync(cancellationToken);
        }

        if (request.RequestUri.Query.Contains("watch=true", StringComparison.Ordinal))
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            response.Content = new StreamContent(new Breaking(stream, cut));
        }

        return response;
    }
}

internal sealed class Breaking(Stream inner, CancellationToken cut) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cut, cancellationToken);
        try
        {
            return await inner.ReadAsync(buffer, either.Token);
        }
        catch (OperationCanceledException) when (cut.IsCancellationRequested)
        {
            throw new IOException("Connection reset by peer");
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
