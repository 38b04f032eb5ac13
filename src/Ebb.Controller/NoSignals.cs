using Microsoft.Extensions.Hosting;

namespace Ebb.Controller;

/// <summary>For servers that are a part of a program: signals are the program's own affair.</summary>
internal sealed class NoSignals : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
