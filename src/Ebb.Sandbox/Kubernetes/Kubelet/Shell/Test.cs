namespace Ebb.Sandbox.Kubernetes.Kubelet.Shell;

/// <summary>The program <c>test</c>, also known as <c>[</c>.</summary>
internal static class Test
{
    public static bool Holds(IReadOnlyList<string> arguments)
    {
        if (arguments.Count > 0 && arguments[0] == "!")
        {
            return !Holds([.. arguments.Skip(1)]);
        }

        return arguments switch
        {
            [var text] => text.Length > 0,
            ["-n", var text] => text.Length > 0,
            ["-z", var text] => text.Length == 0,
            // No file is there.
            [_, _] => false,
            [var a, "=" or "==", var b] => a == b,
            [var a, "!=", var b] => a != b,
            [var a, var op, var b] when long.TryParse(a, out var x) && long.TryParse(b, out var y) => op switch
            {
                "-eq" => x == y,
                "-ne" => x != y,
                "-lt" => x < y,
                "-le" => x <= y,
                "-gt" => x > y,
                "-ge" => x >= y,
                _ => false,
            },
            _ => false,
        };
    }
}
