using Ebb.Cli.ControlPlane.Supervising;

namespace Ebb.Tests.ControlPlane.Supervising;

public sealed class ComponentLogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-log-").FullName;

    private string Path => System.IO.Path.Combine(_directory, "etcd.log");

    [Fact]
    public void A_log_that_is_too_long_is_cut_and_two_older_ones_are_kept()
    {
        var log = new ComponentLog(Path);

        foreach (var word in new[] { "first", "second", "third", "fourth" })
        {
            File.AppendAllText(Path, $"{word} {new string('x', 100)}\n");
            log.Rotate(mostBytes: 50);
        }

        Assert.Equal(["etcd.log", "etcd.log.1", "etcd.log.2"], Directory.EnumerateFiles(_directory).Select(System.IO.Path.GetFileName).Order());
        Assert.Equal(0, log.Length);
        Assert.StartsWith("fourth", File.ReadAllText(Path + ".1"), StringComparison.Ordinal);
        Assert.StartsWith("third", File.ReadAllText(Path + ".2"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_lines_are_those_of_this_run()
    {
        File.WriteAllText(Path, "of before\n");
        var log = new ComponentLog(Path);
        var from = log.Length;

        Assert.Empty(log.Tail(from));
        File.AppendAllText(Path, "one\n\ntwo\nthree\nfour\n");

        Assert.Equal(["one", "two", "three", "four"], log.Tail(from));
        Assert.Equal(["of before", "one", "two", "three", "four"], log.Tail());
    }

    [Fact]
    public void No_log_is_no_lines()
    {
        Assert.Empty(new ComponentLog(Path).Tail());
        new ComponentLog(Path).Rotate();
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
