using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;

namespace Ebb.Tests.Cli;

public sealed class SandboxHereTests
{
    [Fact]
    public async Task Ctrl_C_at_the_moment_it_is_up_is_an_end_like_any_other()
    {
        using var folder = new Folder();
        var home = SandboxHome.At("here", folder.Path);
        using var ctrlC = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var error = new StringWriter();

        await SandboxHere.RunAsync(
            home,
            new SandboxSettings { Speed = 100 },
            _ =>
            {
                ctrlC.Cancel();

                // What the host does at its end is done before this goes on.
                Assert.True(SpinWait.SpinUntil(() => !File.Exists(home.Kubeconfig), TimeSpan.FromSeconds(30)), "the host does not end");
            },
            new Terminal(TextWriter.Null, error, rich: false, colours: false),
            ctrlC.Token);

        Assert.Equal("Sandbox 'here' is down.", error.ToString().Trim());
        Assert.False(Directory.Exists(home.Path));
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("ebb-here-").FullName;

        public void Dispose()
        {
            if (Directory.Exists(Path))
            {
                Directory.Delete(Path, recursive: true);
            }
        }
    }
}
