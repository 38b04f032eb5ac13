namespace Ebb.SystemTests.Commands;

public sealed class LauncherTests : IAsyncLifetime
{
    private readonly Shell _shell = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_starts_through_a_link_from_anywhere_without_building()
    {
        (await _shell.EbbAsync("--version", Ct)).Good();
        var elsewhere = Directory.CreateTempSubdirectory("ebb else where ").FullName;
        var link = Path.Combine(elsewhere, "my ebb");
        File.CreateSymbolicLink(link, Path.Combine(Shell.Root, "ebb"));

        var ran = await _shell.RunAsync("sh", ["-c", $"cd '{elsewhere}' && './my ebb' --version"], Ct);

        Assert.Equal("", ran.Error);
        Assert.Matches("^[0-9]+[.][0-9]+[.][0-9]+\n$", ran.Good().Out);
        Directory.Delete(elsewhere, recursive: true);
    }

    [Fact]
    public async Task What_it_prints_to_be_pasted_names_it_as_it_is_found()
    {
        (await _shell.EbbAsync("--version", Ct)).Good();
        var elsewhere = Directory.CreateTempSubdirectory("ebb-path-").FullName;
        File.CreateSymbolicLink(Path.Combine(elsewhere, "ebb"), Path.Combine(Shell.Root, "ebb"));

        var byName = await _shell.RunAsync("bash", ["-c", $"PATH={elsewhere}:$PATH ebb list images"], Ct);
        var byPath = await _shell.RunAsync("bash", ["-c", $"cd {elsewhere} && ./ebb list images"], Ct);

        Assert.Contains("'ebb list images PUBLISHER'", byName.Good().Error, StringComparison.Ordinal);
        Assert.Contains("'./ebb list images PUBLISHER'", byPath.Good().Error, StringComparison.Ordinal);
        Directory.Delete(elsewhere, recursive: true);
    }

    [Fact]
    public async Task Without_the_SDK_it_says_in_a_line_what_to_install()
    {
        // A copy that was never built, on a machine with a shell and its tools and nothing else.
        var bare = Directory.CreateTempSubdirectory("ebb-bare-").FullName;
        File.Copy(Path.Combine(Shell.Root, "ebb"), Path.Combine(bare, "ebb"));
        var tools = Directory.CreateDirectory(Path.Combine(bare, "bin")).FullName;
        foreach (var tool in new[] { "bash", "env", "readlink", "dirname", "find", "mkdir", "grep", "cut", "paste" })
        {
            var path = new[] { "/usr/bin", "/bin" }.Select(folder => Path.Combine(folder, tool)).First(File.Exists);
            File.CreateSymbolicLink(Path.Combine(tools, tool), path);
        }

        var fake = Path.Combine(tools, "dotnet");
        await File.WriteAllTextAsync(fake, "#!/bin/sh\n[ \"$1\" = --list-sdks ] && echo '8.0.100 [/usr/lib/dotnet/sdk]'\n", Ct);
        File.SetUnixFileMode(fake, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var ran = await _shell.RunAsync("env", ["-i", $"PATH={tools}", Path.Combine(bare, "ebb"), "--version"], Ct);

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("needs the .NET 10 SDK to build", ran.Error, StringComparison.Ordinal);
        Assert.Contains("8.0.100", ran.Error, StringComparison.Ordinal);
        Assert.Single(ran.Error.TrimEnd().Split('\n'));
        Directory.Delete(bare, recursive: true);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _shell.DisposeAsync();
}
