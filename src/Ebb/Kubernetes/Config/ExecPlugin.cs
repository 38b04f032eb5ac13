using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace Ebb.Kubernetes.Config;

/// <summary>Gets credentials from a program, and keeps each until it expires or the server refuses it.</summary>
#pragma warning disable CA1001 // The semaphore's wait handle is never asked for, so it holds nothing to dispose of.
internal sealed class ExecPlugin(ExecSettings settings, Func<string, string?> environment, TimeProvider time)
#pragma warning restore CA1001
{
    // An answer holds a token and perhaps a certificate.
    private const int MaxOutput = 256 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // A person has to find a browser, a phone and a password.
    private static readonly TimeSpan PatienceWithPeople = TimeSpan.FromMinutes(5);

    // A request must still be under way when the credential is looked at.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turn = new(1);
    private (KubeCredential Credential, DateTimeOffset? Expires)? _last;

    public async ValueTask<KubeCredential> GetAsync(KubeCredential? refused, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (_last is { } last && !ReferenceEquals(refused, last.Credential) && (last.Expires is null || time.GetUtcNow() < last.Expires - Margin))
            {
                return last.Credential;
            }

            _last = ExecAnswer.Parse(await RunAsync(ct), settings);
            return _last.Value.Credential;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<string> RunAsync(CancellationToken ct)
    {
        var terminal = settings.MayUseTerminal && !Console.IsInputRedirected;
        if (settings.NeedsTerminal && !terminal)
        {
            throw new EbbException($"{settings.Origin} wants to talk to a person, and there is no terminal. Sign in by hand first, or use another credential.");
        }

        using var process = Start(terminal);
        using var tooLong = new CancellationTokenSource(terminal ? PatienceWithPeople : Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, tooLong.Token);
        try
        {
            var output = ReadAsync(process, process.StandardOutput, either.Token);
            var errors = terminal ? Task.FromResult("") : ReadAsync(process, process.StandardError, either.Token);
            await Task.WhenAll(output, errors);
            await process.WaitForExitAsync(either.Token);
            return process.ExitCode == 0
                ? await output
                : throw new EbbException($"{settings.Origin}: '{settings.Command}' failed with exit code {process.ExitCode}. {(await errors).Trim()}".TrimEnd());
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new EbbException($"{settings.Origin}: '{settings.Command}' gave no credential in time and was stopped.", e);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private Process Start(bool terminal)
    {
        var start = new ProcessStartInfo(settings.Command)
        {
            UseShellExecute = false,
            RedirectStandardInput = !terminal,
            RedirectStandardOutput = true,
            // With a person at hand, what the program tells them belongs on the terminal.
            RedirectStandardError = !terminal,
        };
        foreach (var argument in settings.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in settings.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = Ask(terminal);
        try
        {
            var process = Process.Start(start)!;
            if (!terminal)
            {
                process.StandardInput.Close();
            }

            return process;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            var hint = settings.InstallHint is { Length: > 0 } install ? $" {install}" : $" Is it installed, and in PATH ({environment("PATH")})?";
            throw new EbbException($"{settings.Origin}: '{settings.Command}' cannot be run: {e.Message}.{hint}", e);
        }
    }

    private string Ask(bool terminal)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("kind", "ExecCredential");
            json.WriteString("apiVersion", settings.ApiVersion);
            json.WriteStartObject("spec");
            json.WriteBoolean("interactive", terminal);
            if (settings.ClusterJson is { } cluster)
            {
                json.WritePropertyName("cluster");
                json.WriteRawValue(cluster);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private async Task<string> ReadAsync(Process process, StreamReader reader, CancellationToken ct)
    {
        var buffer = new char[MaxOutput];
        var read = await reader.ReadBlockAsync(buffer, ct);
        if (read < MaxOutput)
        {
            return new string(buffer, 0, read);
        }

        // It would write on for ever into a pipe that nobody reads, and its other stream would never end.
        process.Kill(entireProcessTree: true);
        throw new EbbException($"{settings.Origin}: '{settings.Command}' wrote more than {MaxOutput} characters; that is no credential.");
    }
}
