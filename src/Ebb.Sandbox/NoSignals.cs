using Microsoft.Extensions.Hosting;

namespace Ebb.Sandbox;

/// <summary>
/// Keeps a web host from taking the process' signals for itself, which it would by default: the program around the sandbox
/// decides what Ctrl-C ends, and in what order.
/// </summary>
internal sealed class NoSignals : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
