using System.Globalization;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Shell;

// The programs that a script may call.
internal sealed partial class ScriptRun
{
    private void Program(IReadOnlyList<string> arguments, bool silent)
    {
        if (arguments.Count == 0)
        {
            return;
        }

        var rest = arguments.Skip(1).ToList();
        _status = 0;
        switch (arguments[0].Split('/')[^1])
        {
            case "sleep":
                Sleep(rest);
                break;
            case "echo":
                Echo(rest, silent);
                break;
            case "printf":
                Print(rest.Count == 0 ? "" : Format(rest), silent);
                break;
            case "seq":
                Print(string.Concat(Sequence(rest).Select(n => n + "\n")), silent);
                break;
            case "date":
                Print(Date() + "\n", silent);
                break;
            case "hostname":
                Print(Variable("HOSTNAME") + "\n", silent);
                break;
            case "exit" or "return":
                _status = rest.Count > 0 && int.TryParse(rest[0], out var code) ? code & 0xFF : 0;
                _exited = true;
                break;
            case "break":
                _brokenOut = true;
                break;
            case "false":
                _status = 1;
                break;
            case "test":
                _status = Test.Holds(rest) ? 0 : 1;
                break;
            case "[" or "[[":
                _status = Test.Holds([.. rest.SkipLast(1)]) ? 0 : 1;
                break;
            case "exec":
                Program(rest, silent);
                _exited = true;
                break;
            case "export" or "readonly" or "local":
                foreach (var word in rest)
                {
                    Assign(word);
                }

                break;
            case "sh" or "bash" or "ash" or "dash":
                Nested(rest);
                break;
            case var name when Instant.Contains(name):
                break;
            default:
                _endless = true;
                break;
        }
    }

    private void Nested(List<string> arguments)
    {
        var option = arguments.FindIndex(a => a.StartsWith('-') && a.EndsWith('c'));
        if (option < 0 || option + 1 >= arguments.Count)
        {
            _endless = true;
            return;
        }

        Run(Parser.Parse(arguments[option + 1]));
        _exited = false;
    }

    private void Sleep(List<string> arguments)
    {
        foreach (var argument in arguments)
        {
            if (argument is "infinity" or "inf")
            {
                _endless = true;
            }
            else if (Durations.Parse(argument) is { } time)
            {
                _elapsed += time < TooLong ? time : TooLong;
            }
            else
            {
                Print($"sleep: invalid time interval '{argument}'\n", silent: false);
                _status = 1;
            }
        }
    }

    private void Echo(List<string> arguments, bool silent)
    {
        var newline = true;
        var escapes = false;
        while (arguments.Count > 0 && arguments[0] is "-n" or "-e" or "-en" or "-ne")
        {
            newline &= !arguments[0].Contains('n', StringComparison.Ordinal);
            escapes |= arguments[0].Contains('e', StringComparison.Ordinal);
            arguments.RemoveAt(0);
        }

        var text = string.Join(' ', arguments);
        Print((escapes ? Unescape(text) : text) + (newline ? "\n" : ""), silent);
    }

    private static string Format(List<string> arguments)
    {
        var format = Unescape(arguments[0]);
        foreach (var argument in arguments.Skip(1))
        {
            var at = format.IndexOf('%', StringComparison.Ordinal);
            if (at < 0 || at + 1 >= format.Length)
            {
                break;
            }

            format = format[..at] + argument + format[(at + 2)..];
        }

        return format;
    }

    private static string Unescape(string text) => text
        .Replace("\\n", "\n", StringComparison.Ordinal)
        .Replace("\\t", "\t", StringComparison.Ordinal)
        .Replace("%%", "%", StringComparison.Ordinal);

    private static IEnumerable<long> Sequence(List<string> arguments)
    {
        var numbers = arguments.Select(a => long.TryParse(a, out var n) ? n : 0).ToArray();
        var (from, step, to) = numbers.Length switch
        {
            0 => (1, 1, 0),
            1 => (1, 1, numbers[0]),
            2 => (numbers[0], 1, numbers[1]),
            _ => (numbers[0], numbers[1], numbers[2]),
        };
        for (var n = from; step != 0 && (step > 0 ? n <= to : n >= to) && Math.Abs((n - from) / step) < MaxSteps; n += step)
        {
            yield return n;
        }
    }

    private string Date() =>
        (_start + _elapsed).UtcDateTime.ToString("ddd MMM d HH:mm:ss 'UTC' yyyy", CultureInfo.InvariantCulture);
}
