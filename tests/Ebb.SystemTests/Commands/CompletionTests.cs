namespace Ebb.SystemTests.Commands;

/// <summary>What a Tab makes of a line in real shells, at a terminal, after their scripts were sourced as 'ebb completion --help' says.</summary>
public sealed class CompletionTests : IAsyncLifetime
{
    // Escape, q shows the line as it stands and begins another: everything before is typed as it would be by hand.
    private const string Shown = "\eq";

    private static readonly (string Typed, string Becomes)[] Lines =
    [
        ("ebb dow", "ebb down "),
        ("./ebb dow", "./ebb down "),
        ("ebb keys rot", "ebb keys rotate "),
        ("ebb keys rotate auth", "ebb keys rotate authorities "),
        ("ebb up --storage-o", "ebb up --storage-only "),
        ("ebb down --yes --name ni", "ebb down --yes --name night-farm "),
        ("ebb up -f far", "ebb up -f far.yaml "),
        ("ebb frobnicate", "ebb frobnicate"),
    ];

    private readonly Shell _shell = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-completion-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bash_completes_commands_options_their_words_names_and_files()
    {
        await WriteAsync("bashrc", """
            source <(ebb completion bash)
            shown() { printf '%s\n' "$READLINE_LINE" >> lines; READLINE_LINE=; READLINE_POINT=0; }
            bind -x '"\eq": shown'
            """);

        var became = await TypedAsync("bash --noprofile --rcfile bashrc -i");

        Assert.Equal(Lines.Select(line => line.Becomes), became);
    }

    [Fact]
    public async Task Zsh_completes_commands_options_their_words_names_and_files()
    {
        await WriteAsync(".zshrc", """
            autoload -U compinit && compinit -D -u
            source <(ebb completion zsh)
            shown() { print -r -- "$BUFFER" >> lines; BUFFER=; }
            zle -N shown
            bindkey '\eq' shown
            """);

        var became = await TypedAsync($"ZDOTDIR=. {await OtherShellsAsync()}/zsh -i");

        Assert.Equal(Lines.Select(line => line.Becomes), became);
    }

    [Fact]
    public async Task Fish_completes_commands_options_their_words_names_and_files()
    {
        await WriteAsync("config.fish", """
            ebb completion fish | source
            set -g fish_autosuggestion_enabled 0
            bind \eq 'commandline >> lines; commandline ""'
            """);

        var became = await TypedAsync($"{await OtherShellsAsync()}/fish -C 'source config.fish'");

        Assert.Equal(Lines.Select(line => line.Becomes), became);
    }

    public async ValueTask InitializeAsync()
    {
        // A sandbox is known by its directory, a file by its name.
        Directory.CreateDirectory(Path.Combine(_shell.State, "night-farm"));
        await WriteAsync("far.yaml", "");

        // Where this is, fish does not begin to make it of manual pages, beside the test.
        Directory.CreateDirectory(Path.Combine(_folder, ".local", "share", "fish", "generated_completions"));
        File.CreateSymbolicLink(Path.Combine(_folder, "ebb"), Path.Combine(Shell.Root, "ebb"));
        _shell.Environment["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}";
        _shell.Environment["TERM"] = "xterm";
    }

    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<string[]> TypedAsync(string shell)
    {
        _shell.Environment["HOME"] = _folder;
        using var terminal = _shell.StartAtTerminal($"cd {_folder} && {shell}");
        await terminal.TypeAsync(string.Concat(Lines.Select(line => $"{line.Typed}\t{Shown}")) + "exit\n", Ct);
        (await terminal.EndAsync(Ct)).Good();
        return await File.ReadAllLinesAsync(Path.Combine(_folder, "lines"), Ct);
    }

    /// <summary>Of the distribution's packages: few machines have both.</summary>
    private async Task<string> OtherShellsAsync()
    {
        var found = await _shell.RunAsync(Path.Combine(Shell.Root, "eng", "shells.sh"), [], Ct);
        Assert.SkipWhen(found.ExitCode != 0, found.Error);
        return found.Out.Trim();
    }

    private Task WriteAsync(string file, string text) => File.WriteAllTextAsync(Path.Combine(_folder, file), text, Ct);
}
