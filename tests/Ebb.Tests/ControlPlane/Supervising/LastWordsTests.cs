using Ebb.Cli.ControlPlane.Supervising;

namespace Ebb.Tests.ControlPlane.Supervising;

public class LastWordsTests
{
    [Fact]
    public void An_unknown_flag_is_found_above_all_the_flags_that_there_are()
    {
        Assert.Equal("Error: unknown flag: --foo", LastWords.Of(["Error: unknown flag: --foo", "Usage:", "      --version version[=true]   Print version"]));
    }

    [Fact]
    public void A_fatal_line_is_found_above_the_stacks_of_all_threads()
    {
        Assert.Equal(
            "F1122 10:00:00.000000    1 main.go:1] no such thing",
            LastWords.Of(["I1122 fine", "F1122 10:00:00.000000    1 main.go:1] no such thing", "goroutine 1 [running]:", "main.main()"]));
    }

    [Fact]
    public void Of_etcd_s_JSON_message_and_error_are_told()
    {
        Assert.Equal(
            "discovery failed: cannot access data directory",
            LastWords.Of(["""{"level":"warn","msg":"slow"}""", """{"level":"fatal","ts":"x","msg":"discovery failed","error":"cannot access data directory","stacktrace":"go.etcd.io"}"""]));
        Assert.Equal("failed to create WAL: no space left on device", LastWords.Of(["""{"level":"panic","msg":"failed to create WAL","error":"no space left on device"}""", "panic: failed to create WAL", "goroutine 1 [running]:"]));
    }

    [Fact]
    public void Else_it_is_the_last_line_and_not_too_much_of_it()
    {
        Assert.Equal("two", LastWords.Of(["one", "two", ""]));
        Assert.Equal("{half", LastWords.Of(["{half"]));
        Assert.Equal(404, LastWords.Of([new string('x', 5000)])!.Length);
        Assert.Null(LastWords.Of([]));
    }
}
